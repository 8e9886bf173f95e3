# A Slurm of this machine alone, started by hand as root in $scratch/slurm, without systemd: munged, slurmctld and one slurmd for each
# of two nodes. Source it after lib.sh and mpi.sh; start_cluster, then srun. All of it ends with the test.
#
# Once, on Debian: apt-get install --no-install-recommends munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins
need_slurm() {
  local program missing=
  [ "$(id -u)" -eq 0 ] || skip_all "a Slurm started by hand needs root"
  for program in munged munge slurmctld slurmd srun sinfo; do
    command -v $program >/dev/null || missing="$missing $program"
  done
  [ -z "$missing" ] || skip_all "not installed:$missing (apt-get install --no-install-recommends munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins)"
}

cluster=()
stop_cluster() {
  [ ${#cluster[@]} -eq 0 ] && return
  kill "${cluster[@]}" 2>/dev/null
  for _ in $(seq 50); do kill -0 "${cluster[@]}" 2>/dev/null || break; sleep 0.1; done
  kill -9 "${cluster[@]}" 2>/dev/null
  wait "${cluster[@]}" 2>/dev/null
  cluster=()
}
trap 'stop_cluster; finish' EXIT

# A port that nobody listens on: five of them in a row.
free_ports() {
  python3 -c 'import random, socket
while True:
    first = random.randrange(20000, 60000)
    try:
        sockets = [socket.socket() for _ in range(5)]
        for i, s in enumerate(sockets): s.bind(("127.0.0.1", first + i))
        print(first)
        break
    except OSError:
        pass'
}

write_configuration() {
  local host port=$1
  host=$(hostname -s)
  cat >"$slurm/slurm.conf" <<CONF
ClusterName=galen
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm/munge.socket
CredType=cred/munge
SlurmctldPort=$port
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool-%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd-%n.log
TmpFS=$slurm/tmp-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
NodeName=first NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=4
NodeName=second NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=4
PartitionName=all Nodes=first,second Default=YES MaxTime=INFINITE State=UP
CONF
}

start_cluster() {
  slurm=$scratch/slurm
  mkdir -p "$slurm/state" "$slurm/spool-first" "$slurm/spool-second" "$slurm/tmp-first" "$slurm/tmp-second"
  chmod 755 "$scratch" "$slurm"
  export SLURM_CONF=$slurm/slurm.conf
  write_configuration "$(free_ports)"
  srun --mpi=list 2>&1 | grep -q pmix || skip_all "this srun has no plugin for PMIx"
  head -c 1024 /dev/urandom >"$slurm/munge.key"
  chmod 400 "$slurm/munge.key"
  # --force: a folder below /tmp is not as well guarded as munged wants it.
  munged --foreground --force --key-file="$slurm/munge.key" --socket="$slurm/munge.socket" --pid-file="$slurm/munged.pid" \
    --log-file="$slurm/munged.log" --seed-file="$slurm/munged.seed" >"$slurm/munged.out" 2>&1 &
  cluster+=($!)
  for _ in $(seq 100); do munge -S "$slurm/munge.socket" -n >/dev/null 2>&1 && break; sleep 0.1; done
  slurmctld -D -i >"$slurm/slurmctld.out" 2>&1 &
  cluster+=($!)
  slurmd -D -N first >"$slurm/first.out" 2>&1 &
  cluster+=($!)
  slurmd -D -N second >"$slurm/second.out" 2>&1 &
  cluster+=($!)
  for _ in $(seq 300); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && return
    sleep 0.1
  done
  tail -n 5 "$slurm"/*.log "$slurm"/*.out | note
  sinfo 2>&1 | note
  echo "Bail out! Slurm does not start"
  exit 99
}

# SPDX-License-Identifier: Apache-2.0
"""LMDB's data file (format version 1, 64 bits, little-endian), read in plain Python, for tests that must not share code with
Galen or LMDB: where each record lies in the file, and whether each key is found by a search from the root.

    lmdb = LmdbFile(open("part-0000.mdb", "rb").read())
    for record in lmdb.records("documents"): record.key, record.value, record.key_at, record.value_at
    lmdb.find("documents", key)      # the value, or None
"""
import struct
from collections import namedtuple

NO_PAGE = 2**64 - 1
BRANCH, LEAF, OVERFLOW = 1, 2, 4
BIG = 1
HEADER = 16

Tree = namedtuple("Tree", "padding flags depth branch_pages leaf_pages overflow_pages entries root")
Record = namedtuple("Record", "key value key_at value_at")
TREE = struct.Struct("<IHHQQQQQ")


class LmdbFile:
    def __init__(self, data):
        self.data = data
        metas = []
        self.page_size = struct.unpack_from("<I", data, HEADER + 24)[0]
        for number in (0, 1):
            at = number * self.page_size + HEADER
            magic, version = struct.unpack_from("<II", data, at)
            if magic != 0xBEEFC0DE or version != 1:
                raise ValueError(f"page {number} is no meta page")
            main = Tree(*TREE.unpack_from(data, at + 24 + TREE.size))
            transaction = struct.unpack_from("<Q", data, at + 24 + 2 * TREE.size + 8)[0]
            metas.append((transaction, main))
        self.main = max(metas)[1]
        self.trees = {r.key.decode(): Tree(*TREE.unpack(r.value)) for r in self.walk(self.main.root, 0)}

    def nodes(self, page):
        """The kind of a page and, for each of its nodes, where it begins."""
        at = page * self.page_size
        number, _, kind, lower, _ = struct.unpack_from("<QHHHH", self.data, at)
        if number != page or kind not in (BRANCH, LEAF):
            raise ValueError(f"page {page} is no page of a tree")
        count = (lower - HEADER) // 2
        return kind, [at + offset for offset in struct.unpack_from(f"<{count}H", self.data, at + HEADER)]

    def child(self, node):
        low, high, flags = struct.unpack_from("<HHH", self.data, node)
        return low | high << 16 | flags << 32

    def node_key(self, node):
        return self.data[node + 8 : node + 8 + struct.unpack_from("<H", self.data, node + 6)[0]]

    def record(self, node):
        low, high, flags, key_length = struct.unpack_from("<HHHH", self.data, node)
        length, value_at = low | high << 16, node + 8 + key_length
        if flags & BIG:
            value_at = struct.unpack_from("<Q", self.data, value_at)[0] * self.page_size + HEADER
        if value_at + length > len(self.data):
            raise ValueError("a value lies behind the end of the file")
        return Record(self.node_key(node), self.data[value_at : value_at + length], node + 8, value_at)

    def walk(self, page, depth):
        if page == NO_PAGE:
            return
        if depth > 32:
            raise ValueError("too deep")
        kind, nodes = self.nodes(page)
        for node in nodes:
            if kind == LEAF:
                yield self.record(node)
            else:
                yield from self.walk(self.child(node), depth + 1)

    def records(self, table):
        return self.walk(self.trees[table].root, 0)

    def find(self, table, key):
        page = self.trees[table].root
        for _ in range(33):
            if page == NO_PAGE:
                return None
            kind, nodes = self.nodes(page)
            if kind == LEAF:
                return next((self.record(n).value for n in nodes if self.node_key(n) == key), None)
            below = [i for i in range(1, len(nodes)) if self.node_key(nodes[i]) <= key]
            page = self.child(nodes[below[-1] if below else 0])
        raise ValueError("too deep")

    def contents(self):
        """Everything that a reader can get: each table's records by walking, each of which a search finds too."""
        whole = {}
        for table in self.trees:
            whole[table] = [(r.key, r.value) for r in self.records(table)]
            for key, value in whole[table]:
                if self.find(table, key) != value:
                    raise ValueError(f"table {table}: a search for {key!r} fails")
        return whole

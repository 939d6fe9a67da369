"""Makes src/tac/sboxes.rs: the eight DES S-boxes as circuits for bit-sliced evaluation.

Each S-box is written as one shared decision diagram of its four output bits. For every order of the six inputs the
diagram is built with complemented edges and its cost counted (a choice 3 operations, an exclusive or, and, or 1); the
cheapest order is kept. Run: python3 gen/sboxes.py > src/tac/sboxes.rs
"""
from itertools import permutations

S = """14 4 13 1 2 15 11 8 3 10 6 12 5 9 0 7 0 15 7 4 14 2 13 1 10 6 12 11 9 5 3 8 4 1 14 8 13 6 2 11 15 12 9 7 3 10 5 0 15 12 8 2 4 9 1 7 5 11 3 14 10 0 6 13
15 1 8 14 6 11 3 4 9 7 2 13 12 0 5 10 3 13 4 7 15 2 8 14 12 0 1 10 6 9 11 5 0 14 7 11 10 4 13 1 5 8 12 6 9 3 2 15 13 8 10 1 3 15 4 2 11 6 7 12 0 5 14 9
10 0 9 14 6 3 15 5 1 13 12 7 11 4 2 8 13 7 0 9 3 4 6 10 2 8 5 14 12 11 15 1 13 6 4 9 8 15 3 0 11 1 2 12 5 10 14 7 1 10 13 0 6 9 8 7 4 15 14 3 11 5 2 12
7 13 14 3 0 6 9 10 1 2 8 5 11 12 4 15 13 8 11 5 6 15 0 3 4 7 2 12 1 10 14 9 10 6 9 0 12 11 7 13 15 1 3 14 5 2 8 4 3 15 0 6 10 1 13 8 9 4 5 11 12 7 2 14
2 12 4 1 7 10 11 6 8 5 3 15 13 0 14 9 14 11 2 12 4 7 13 1 5 0 15 10 3 9 8 6 4 2 1 11 10 13 7 8 15 9 12 5 6 3 0 14 11 8 12 7 1 14 2 13 6 15 0 9 10 4 5 3
12 1 10 15 9 2 6 8 0 13 3 4 14 7 5 11 10 15 4 2 7 12 9 5 6 1 13 14 0 11 3 8 9 14 15 5 2 8 12 3 7 0 4 10 1 13 11 6 4 3 2 12 9 5 15 10 11 14 1 7 6 0 8 13
4 11 2 14 15 0 8 13 3 12 9 7 5 10 6 1 13 0 11 7 4 9 1 10 14 3 5 12 2 15 8 6 1 4 11 13 12 3 7 14 10 15 6 8 0 5 9 2 6 11 13 8 1 4 10 7 9 5 0 15 14 2 3 12
13 2 8 4 6 15 11 1 10 9 3 14 5 0 12 7 1 15 13 8 10 3 7 4 12 5 6 11 0 14 9 2 7 11 4 1 9 12 14 2 0 6 10 13 15 3 5 8 2 1 14 7 4 10 8 13 15 12 9 0 3 5 6 11"""
BOXES = [list(map(int, line.split())) for line in S.splitlines()]
FULL = (1 << 64) - 1


def truth(box, bit):
    """Truth table over the six input bits b1..b6 (index bit i = b(i+1)) of output bit 1..4 (1 = most significant)."""
    table = 0
    for x in range(64):
        b = [x >> i & 1 for i in range(6)]
        row = b[0] * 2 + b[5]
        column = b[1] * 8 + b[2] * 4 + b[3] * 2 + b[4]
        table |= (box[row * 16 + column] >> (3 - bit) & 1) << x
    return table


VAR = [sum(1 << x for x in range(64) if x >> i & 1) for i in range(6)]


def cofactor(table, var, value):
    shift = 1 << var
    if value:
        high = table & VAR[var]
        return high | high >> shift
    low = table & ~VAR[var]
    return low | low << shift


class Circuit:
    def __init__(self, order):
        self.order, self.known, self.code, self.cost = order, {0: "0", FULL: "1"}, [], 0
        for i, v in enumerate(VAR):
            self.known[v] = f"b{i + 1}"

    def emit(self, table, text, cost):
        name = f"t{len(self.code)}"
        self.code.append((name, text))
        self.known[table] = name
        self.cost += cost
        return name

    def get(self, table):
        if table in self.known:
            return self.known[table]
        if FULL ^ table in self.known:
            return self.emit(table, f"{self.known[FULL ^ table]}.not()", 1)
        var = next(v for v in self.order if cofactor(table, v, 0) != cofactor(table, v, 1))
        low, high, sel = cofactor(table, var, 0), cofactor(table, var, 1), f"b{var + 1}"
        if low ^ high == FULL:
            return self.emit(table, f"{sel}.xor({self.get(low)})", 1) if low in self.known or FULL ^ low not in self.known else \
                self.emit(table, f"{sel}.xor({self.get(low)})", 1)
        if low == 0:
            return self.emit(table, f"{sel}.and({self.get(high)})", 1)
        if high == FULL:
            return self.emit(table, f"{sel}.or({self.get(low)})", 1)
        if high == 0:
            return self.emit(table, f"{sel}.andnot({self.get(low)})", 1)
        if low == FULL:
            return self.emit(table, f"{sel}.and({self.get(FULL ^ high)}).not()", 2)
        # xor with a difference that is known already is cheaper than a choice
        a, b = self.get(high), self.get(low)
        return self.emit(table, f"{sel}.choose({a}, {b})", 3)


print("""//! The DES S-boxes as circuits over words of lanes. Made by `gen/sboxes.py`: edit that, not this.

use super::lanes::Lanes;
""")
for number, box in enumerate(BOXES, 1):
    outputs = [truth(box, bit) for bit in range(4)]
    best = None
    for order in permutations(range(6)):
        circuit = Circuit(order)
        names = [circuit.get(t) for t in outputs]
        if best is None or circuit.cost < best[0].cost:
            best = (circuit, names)
    circuit, names = best
    print(f"/// S-box {number}: {circuit.cost} operations.")
    print("#[inline(always)]")
    print(f"pub(super) fn s{number}<W: Lanes>(b1: W, b2: W, b3: W, b4: W, b5: W, b6: W) -> [W; 4] {{")
    for name, text in circuit.code:
        print(f"    let {name} = {text};")
    print(f"    [{', '.join(names)}]")
    print("}\n")

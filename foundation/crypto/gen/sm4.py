"""Finds and proves the affine maps of src/tac/sm4_x86.rs. Run: python3 gen/sm4.py

SM4's S-box is A(inv(A x + c)) + c over GF(2^8) modulo 0x1F5; AES inverts modulo 0x11B. A root of 0x1F5 in the AES field
gives the change of basis; composed with the affine parts it gives the maps before and after the AES S-box (by nibble)
and around the GFNI inversion (as matrices).
"""


def mul(a, b, poly):
    out = 0
    while b:
        if b & 1:
            out ^= a
        a <<= 1
        if a & 256:
            a ^= poly
        b >>= 1
    return out


def power(a, n, poly):
    out = 1
    for _ in range(n):
        out = mul(out, a, poly)
    return out


def apply(matrix, x):
    out = 0
    for bit in range(8):
        if x >> bit & 1:
            out ^= matrix[bit]
    return out


def compose(a, b):
    return [apply(a, column) for column in b]


def inverse(matrix):
    table = {apply(matrix, x): x for x in range(256)}
    return [table[1 << bit] for bit in range(8)]


AES, SM4 = 0x11B, 0x1F5
inv_aes = [power(x, 254, AES) if x else 0 for x in range(256)]
inv_sm4 = [power(x, 254, SM4) if x else 0 for x in range(256)]
aes_part = [sum((((1 << i) >> b ^ (1 << i) >> (b + 4) % 8 ^ (1 << i) >> (b + 5) % 8 ^ (1 << i) >> (b + 6) % 8
                  ^ (1 << i) >> (b + 7) % 8) & 1) << b for b in range(8)) for i in range(8)]
aes = [apply(aes_part, inv_aes[x]) ^ 0x63 for x in range(256)]
assert aes[0x53] == 0xED
rows = [(0xA7 << i | 0xA7 >> (8 - i)) & 255 for i in range(8)]
a = [sum((rows[r] >> i & 1) << r for r in range(8)) for i in range(8)]
c = 0xD3
sm4 = [apply(a, inv_sm4[apply(a, x) ^ c]) ^ c for x in range(256)]
assert sm4[:4] == [0xD6, 0x90, 0xE9, 0xFE] and sm4[255] == 0x48
root = next(g for g in range(2, 256) if not __import__("functools").reduce(
    lambda s, i: s ^ (power(g, i, AES) if SM4 >> i & 1 else 0), range(9), 0))
basis = [power(root, i, AES) for i in range(8)]
before, before_c = compose(basis, a), apply(basis, c)
after = compose(compose(a, inverse(basis)), inverse(aes_part))
after_c = apply(after, 0x63) ^ c
assert all(apply(after, aes[apply(before, x) ^ before_c]) ^ after_c == sm4[x] for x in range(256))


def matrix(columns):
    return sum(sum((columns[j] >> i & 1) << j for j in range(8)) << (8 * (7 - i)) for i in range(8))


for name, m, k in (("PRE", before, before_c), ("POST", after, after_c)):
    print(name + "_LOW", [f"{apply(m, i) ^ k:02X}" for i in range(16)])
    print(name + "_HIGH", [f"{apply(m, i << 4):02X}" for i in range(16)])
print(f"GFNI_PRE {matrix(before):016X} {before_c:02X}")
print(f"GFNI_POST {matrix(compose(a, inverse(basis))):016X} {c:02X}")

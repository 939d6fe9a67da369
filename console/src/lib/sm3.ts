/** SM3 (GB/T 32905) of a few bytes: the fingerprint of a public key is its digest. */
const rotate = (x: number, n: number) => ((x << n % 32) | (x >>> (32 - (n % 32)) % 32)) >>> 0;
const p0 = (x: number) => (x ^ rotate(x, 9) ^ rotate(x, 17)) >>> 0;
const p1 = (x: number) => (x ^ rotate(x, 15) ^ rotate(x, 23)) >>> 0;
const BEGIN = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];

export function sm3(bytes: Uint8Array): string {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  let state = BEGIN;
  for (let at = 0; at < padded.length; at += 64) {
    const w = Array.from({ length: 16 }, (_, n) => view.getUint32(at + 4 * n));
    for (let n = 16; n < 68; n += 1) w.push((p1(w[n - 16]! ^ w[n - 9]! ^ rotate(w[n - 3]!, 15)) ^ rotate(w[n - 13]!, 7) ^ w[n - 6]!) >>> 0);
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
    for (let n = 0; n < 64; n += 1) {
      const ss1 = rotate((rotate(a, 12) + e + rotate(n < 16 ? 0x79cc4519 : 0x7a879d8a, n)) >>> 0, 7);
      const ss2 = (ss1 ^ rotate(a, 12)) >>> 0;
      const ff = n < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = n < 16 ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + ss2 + ((w[n]! ^ w[n + 4]!) >>> 0)) >>> 0;
      const tt2 = (gg + h + ss1 + w[n]!) >>> 0;
      [a, b, c, d] = [tt1, a, rotate(b, 9), c];
      [e, f, g, h] = [p0(tt2), e, rotate(f, 19), g];
    }
    state = [a, b, c, d, e, f, g, h].map((x, n) => (x ^ state[n]!) >>> 0);
  }
  return state.map((x) => x.toString(16).padStart(8, '0')).join('').toUpperCase();
}

/** The fingerprint of a public key in hex. */
export function fingerprint(publicKey: string): string {
  return sm3(Uint8Array.from(publicKey.match(/../g) ?? [], (pair) => parseInt(pair, 16)));
}

//! SM3 (GB/T 32905), one stream at a time or several side by side in vector lanes.

/// Running SM3 of one stream.
#[derive(Clone)]
pub struct Sm3 {
    state: [u32; 8],
    buffer: [u8; 64],
    buffered: usize,
    length: u64,
}

const IV: [u32; 8] =
    [0x7380_166F, 0x4914_B2B9, 0x1724_42D7, 0xDA8A_0600, 0xA96F_30BC, 0x1631_38AA, 0xE38D_EE4D, 0xB0FB_0E4E];

/// T_j rotated by j, as each round adds it.
const T: [u32; 64] = {
    let mut t = [0; 64];
    let mut j = 0;
    while j < 64 {
        let base: u32 = if j < 16 { 0x79CC_4519 } else { 0x7A87_9D8A };
        t[j] = base.rotate_left(j as u32 % 32);
        j += 1;
    }
    t
};

impl Default for Sm3 {
    fn default() -> Self {
        Self { state: IV, buffer: [0; 64], buffered: 0, length: 0 }
    }
}

impl Sm3 {
    /// An empty stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let rest = self.fill(bytes);
        let blocks = rest.chunks_exact(64);
        let tail = blocks.remainder();
        for block in blocks {
            compress(&mut self.state, block.try_into().expect("64 bytes"));
        }
        self.keep(tail);
    }

    /// The digest.
    pub fn finish(mut self) -> [u8; 32] {
        let bits = self.length.wrapping_mul(8);
        let pad = if self.buffered < 56 { 56 - self.buffered } else { 120 - self.buffered };
        let mut tail = [0; 72];
        tail[0] = 0x80;
        tail[pad..pad + 8].copy_from_slice(&bits.to_be_bytes());
        self.update(&tail[..pad + 8]);
        let mut out = [0; 32];
        for (bytes, word) in out.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        out
    }

    /// Completes a block begun before; returns what is left, which is block-aligned unless the block is still open.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.buffered == 0 {
            return bytes;
        }
        let take = bytes.len().min(64 - self.buffered);
        self.buffer[self.buffered..self.buffered + take].copy_from_slice(&bytes[..take]);
        self.buffered += take;
        if self.buffered == 64 {
            self.buffered = 0;
            let block = self.buffer;
            compress(&mut self.state, &block);
        }
        &bytes[take..]
    }

    /// Keeps the bytes of an open block.
    fn keep(&mut self, tail: &[u8]) {
        if !tail.is_empty() {
            self.buffer[self.buffered..self.buffered + tail.len()].copy_from_slice(tail);
            self.buffered += tail.len();
        }
    }
}

/// SM3 of a message.
pub fn sm3(message: &[u8]) -> [u8; 32] {
    let mut digest = Sm3::new();
    digest.update(message);
    digest.finish()
}

fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut w = [0_u32; 68];
    for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes(bytes.try_into().expect("4 bytes"));
    }
    for j in 16..68 {
        let x = w[j - 16] ^ w[j - 9] ^ w[j - 3].rotate_left(15);
        w[j] = x ^ x.rotate_left(15) ^ x.rotate_left(23) ^ w[j - 13].rotate_left(7) ^ w[j - 6];
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    // One round writes two of the eight words; the names move instead of the values, so that four rounds come round.
    macro_rules! round {
        ($ff:expr, $gg:expr, $j:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
            let a12 = $a.rotate_left(12);
            let ss1 = a12.wrapping_add($e).wrapping_add(T[$j]).rotate_left(7);
            let tt1 = $ff($a, $b, $c).wrapping_add($d).wrapping_add(ss1 ^ a12).wrapping_add(w[$j] ^ w[$j + 4]);
            let tt2 = $gg($e, $f, $g).wrapping_add($h).wrapping_add(ss1).wrapping_add(w[$j]);
            $b = $b.rotate_left(9);
            $d = tt1;
            $f = $f.rotate_left(19);
            $h = tt2 ^ tt2.rotate_left(9) ^ tt2.rotate_left(17);
        };
    }
    let xor3 = |x: u32, y: u32, z: u32| x ^ y ^ z;
    let majority = |x: u32, y: u32, z: u32| (x & y) | (z & (x | y));
    let select = |x: u32, y: u32, z: u32| z ^ (x & (y ^ z));
    for j in (0..16).step_by(4) {
        round!(xor3, xor3, j, a b c d e f g h);
        round!(xor3, xor3, j + 1, d a b c h e f g);
        round!(xor3, xor3, j + 2, c d a b g h e f);
        round!(xor3, xor3, j + 3, b c d a f g h e);
    }
    for j in (16..64).step_by(4) {
        round!(majority, select, j, a b c d e f g h);
        round!(majority, select, j + 1, d a b c h e f g);
        round!(majority, select, j + 2, c d a b g h e f);
        round!(majority, select, j + 3, b c d a f g h e);
    }
    for (word, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word ^= new;
    }
}

/// Takes the next bytes of several streams at once; each stream's digest is as if it had been updated alone.
pub fn sm3_update_many(jobs: &mut [(&mut Sm3, &[u8])]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        for (stream, bytes) in jobs.iter_mut() {
            *bytes = stream.fill(bytes);
        }
        // The longest first, so that streams that share lanes end at about the same time.
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(jobs[*i].1.len()));
        for lanes in order.chunks(8) {
            let mut open = lanes;
            loop {
                // In order of length: those that have no whole block left are at the end.
                open = &open[..open.partition_point(|i| jobs[*i].1.len() >= 64)];
                if open.len() < 3 {
                    break;
                }
                let blocks = jobs[open[open.len() - 1]].1.len() / 64;
                // Unused lanes repeat the last stream into a state that is thrown away.
                let of_lane = |lane: usize| open[lane.min(open.len() - 1)];
                let data: [&[u8]; 8] = std::array::from_fn(|lane| jobs[of_lane(lane)].1);
                let mut states: [[u32; 8]; 8] = std::array::from_fn(|lane| jobs[of_lane(lane)].0.state);
                // SAFETY: the CPU has AVX2, as asked above.
                unsafe { x86::compress8(&mut states, &data, blocks) };
                for (lane, i) in open.iter().enumerate() {
                    jobs[*i].0.state = states[lane];
                    jobs[*i].1 = &jobs[*i].1[blocks * 64..];
                }
            }
            for i in lanes {
                let (stream, bytes) = &mut jobs[*i];
                let rest = bytes.chunks_exact(64);
                let tail = rest.remainder();
                for block in rest {
                    compress(&mut stream.state, block.try_into().expect("64 bytes"));
                }
                stream.keep(tail);
            }
        }
        return;
    }
    for (stream, bytes) in jobs {
        stream.update(bytes);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! Eight streams in the 32-bit lanes of AVX2 registers.

    use super::T;
    use std::arch::x86_64::*;

    macro_rules! rotate {
        ($x:expr, $n:literal) => {
            _mm256_or_si256(_mm256_slli_epi32::<$n>($x), _mm256_srli_epi32::<{ 32 - $n }>($x))
        };
    }

    /// Eight words of eight streams, from rows of streams to columns of words, big-endian.
    #[target_feature(enable = "avx2")]
    fn load8(data: &[&[u8]; 8], at: usize) -> [__m256i; 8] {
        let swap = _mm256_setr_epi8(
            3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
        );
        let row = |lane: usize| {
            let bytes: &[u8] = &data[lane][at..at + 32];
            // SAFETY: the slice has the 32 bytes that an unaligned load reads.
            _mm256_shuffle_epi8(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }, swap)
        };
        let r: [__m256i; 8] = [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)];
        let mut t = [_mm256_setzero_si256(); 8];
        for i in 0..4 {
            t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
            t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
        }
        let mut u = [_mm256_setzero_si256(); 8];
        for i in 0..2 {
            u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
            u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
        }
        let mut out = [_mm256_setzero_si256(); 8];
        for i in 0..4 {
            out[i] = _mm256_permute2x128_si256::<0x20>(u[i], u[i + 4]);
            out[i + 4] = _mm256_permute2x128_si256::<0x31>(u[i], u[i + 4]);
        }
        out
    }

    /// Compresses `blocks` blocks of each of eight streams, each at least that long.
    #[target_feature(enable = "avx2")]
    pub(super) fn compress8(states: &mut [[u32; 8]; 8], data: &[&[u8]; 8], blocks: usize) {
        let gather = |states: &[[u32; 8]; 8], word: usize| {
            let s = |lane: usize| states[lane][word] as i32;
            _mm256_setr_epi32(s(0), s(1), s(2), s(3), s(4), s(5), s(6), s(7))
        };
        let mut v: [__m256i; 8] = std::array::from_fn(|word| gather(states, word));
        for block in 0..blocks {
            let mut w = [_mm256_setzero_si256(); 68];
            w[..8].copy_from_slice(&load8(data, block * 64));
            w[8..16].copy_from_slice(&load8(data, block * 64 + 32));
            for j in 16..68 {
                let x = _mm256_xor_si256(_mm256_xor_si256(w[j - 16], w[j - 9]), rotate!(w[j - 3], 15));
                let p1 = _mm256_xor_si256(_mm256_xor_si256(x, rotate!(x, 15)), rotate!(x, 23));
                w[j] = _mm256_xor_si256(_mm256_xor_si256(p1, rotate!(w[j - 13], 7)), w[j - 6]);
            }
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = v;
            for j in 0..64 {
                let a12 = rotate!(a, 12);
                let sum = _mm256_add_epi32(_mm256_add_epi32(a12, e), _mm256_set1_epi32(T[j] as i32));
                let ss1 = rotate!(sum, 7);
                let (ff, gg) = if j < 16 {
                    (_mm256_xor_si256(_mm256_xor_si256(a, b), c), _mm256_xor_si256(_mm256_xor_si256(e, f), g))
                } else {
                    let majority = _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
                    (majority, _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g))))
                };
                let ss2 = _mm256_xor_si256(ss1, a12);
                let w1 = _mm256_xor_si256(w[j], w[j + 4]);
                let tt1 = _mm256_add_epi32(_mm256_add_epi32(ff, d), _mm256_add_epi32(ss2, w1));
                let tt2 = _mm256_add_epi32(_mm256_add_epi32(gg, h), _mm256_add_epi32(ss1, w[j]));
                d = c;
                c = rotate!(b, 9);
                b = a;
                a = tt1;
                h = g;
                g = rotate!(f, 19);
                f = e;
                e = _mm256_xor_si256(_mm256_xor_si256(tt2, rotate!(tt2, 9)), rotate!(tt2, 17));
            }
            for (word, new) in v.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                *word = _mm256_xor_si256(*word, new);
            }
        }
        for (word, column) in v.into_iter().enumerate() {
            let mut lanes = [0_u32; 8];
            // SAFETY: the array has the 32 bytes that an unaligned store writes.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), column) };
            for (lane, value) in lanes.into_iter().enumerate() {
                states[lane][word] = value;
            }
        }
    }
}

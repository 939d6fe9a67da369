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
        self.absorb(rest);
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

    /// Takes what [`Sm3::fill`] left: whole blocks, then the bytes of an open one.
    fn absorb(&mut self, bytes: &[u8]) {
        let blocks = bytes.chunks_exact(64);
        let tail = blocks.remainder();
        for block in blocks {
            compress(&mut self.state, block.try_into().expect("64 bytes"));
        }
        if !tail.is_empty() {
            self.buffer[..tail.len()].copy_from_slice(tail);
            self.buffered = tail.len();
        }
    }
}

/// SM3 of a message.
pub fn sm3(message: &[u8]) -> [u8; 32] {
    let mut digest = Sm3::new();
    digest.update(message);
    digest.finish()
}

/// The compression function, one text for plain words and for vectors of words: `$ops` is a module with the operations.
macro_rules! compression {
    ($ops:ident, $word:ty, $state:ident, $w:ident) => {{
        use $ops::*;
        // Words of the message expansion, made shortly before the rounds that use them, so that both run side by side.
        macro_rules! expand {
            ($range:expr) => {
                for j in $range {
                    let x = xor3($w[j - 16], $w[j - 9], rotate::<15, 17>($w[j - 3]));
                    let p1 = xor3(x, rotate::<15, 17>(x), rotate::<23, 9>(x));
                    $w[j] = xor3(p1, rotate::<7, 25>($w[j - 13]), $w[j - 6]);
                }
            };
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h]: [$word; 8] = $state;
        // One round writes two of the eight words; the names move instead of the values, so that four rounds come
        // round. What is known early is added first: the chain from e to e is what takes the time.
        macro_rules! round {
            ($ff:ident, $gg:ident, $j:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                let a12 = rotate::<12, 20>($a);
                let early1 = add($d, xor($w[$j], $w[$j + 4]));
                let early2 = add($h, $w[$j]);
                let ss1 = rotate::<7, 25>(add(add(a12, splat(T[$j])), $e));
                let tt1 = add(add($ff($a, $b, $c), early1), xor(ss1, a12));
                let tt2 = add(add($gg($e, $f, $g), early2), ss1);
                $b = rotate::<9, 23>($b);
                $d = tt1;
                $f = rotate::<19, 13>($f);
                $h = xor3(tt2, rotate::<9, 23>(tt2), rotate::<17, 15>(tt2));
            };
        }
        expand!(16..20);
        for j in (0..16).step_by(4) {
            round!(xor3, xor3, j, a b c d e f g h);
            round!(xor3, xor3, j + 1, d a b c h e f g);
            round!(xor3, xor3, j + 2, c d a b g h e f);
            round!(xor3, xor3, j + 3, b c d a f g h e);
        }
        for j in (16..64).step_by(4) {
            expand!(j + 4..j + 8);
            round!(majority, select, j, a b c d e f g h);
            round!(majority, select, j + 1, d a b c h e f g);
            round!(majority, select, j + 2, c d a b g h e f);
            round!(majority, select, j + 3, b c d a f g h e);
        }
        for (word, new) in $state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = xor(*word, new);
        }
    }};
}

/// The operations on one word.
mod one {
    pub(super) fn splat(x: u32) -> u32 {
        x
    }
    pub(super) fn add(x: u32, y: u32) -> u32 {
        x.wrapping_add(y)
    }
    pub(super) fn xor(x: u32, y: u32) -> u32 {
        x ^ y
    }
    pub(super) fn xor3(x: u32, y: u32, z: u32) -> u32 {
        x ^ y ^ z
    }
    pub(super) fn majority(x: u32, y: u32, z: u32) -> u32 {
        (x & y) | (z & (x | y))
    }
    pub(super) fn select(which: u32, yes: u32, no: u32) -> u32 {
        no ^ (which & (yes ^ no))
    }
    pub(super) fn rotate<const LEFT: u32, const RIGHT: u32>(x: u32) -> u32 {
        x.rotate_left(LEFT)
    }
}

fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut w = [0_u32; 68];
    for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes(bytes.try_into().expect("4 bytes"));
    }
    let mut words = *state;
    compression!(one, u32, words, w);
    *state = words;
}

/// Takes the next bytes of several streams at once; each stream's digest is as if it had been updated alone.
pub fn sm3_update_many(jobs: &mut [(&mut Sm3, &[u8])]) {
    for (stream, bytes) in jobs.iter_mut() {
        *bytes = stream.fill(bytes);
    }
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512bw") {
            // SAFETY: the CPU has what the function needs, as asked above.
            in_lanes(jobs, |states, data, blocks| unsafe { lanes::compress16(states, data, blocks) });
        } else if has!("avx2") {
            // SAFETY: the CPU has what the function needs, as asked above.
            in_lanes(jobs, |states, data, blocks| unsafe { lanes::compress8(states, data, blocks) });
        }
    }
    for (stream, bytes) in jobs {
        stream.absorb(bytes);
    }
}

/// Streams of which fewer are left go faster one by one.
#[cfg(target_arch = "x86_64")]
const FEWEST: usize = 3;
/// Blocks after which streams change lanes, at least.
#[cfg(target_arch = "x86_64")]
const QUANTUM: usize = 64;

/// Works the whole blocks of streams off in `N` lanes; the longest streams always have one, so that all end at about
/// the same time.
#[cfg(target_arch = "x86_64")]
fn in_lanes<const N: usize>(jobs: &mut [(&mut Sm3, &[u8])], compress: impl Fn(&mut [[u32; 8]; N], &[&[u8]; N], usize)) {
    let mut open: Vec<usize> = (0..jobs.len()).collect();
    loop {
        open.retain(|i| jobs[*i].1.len() >= 64);
        if open.len() < FEWEST {
            return;
        }
        open.sort_unstable_by_key(|i| std::cmp::Reverse(jobs[*i].1.len()));
        let in_lane = &open[..N.min(open.len())];
        let blocks_of = |i: &usize| jobs[*i].1.len() / 64;
        let last = blocks_of(&in_lane[in_lane.len() - 1]);
        // Until the shortest in a lane is as short as the longest that waits.
        let blocks = open.get(N).map_or(last, |next| (last - blocks_of(next)).max(QUANTUM).min(last));
        // Unused lanes repeat the last stream into a state that is thrown away.
        let of_lane = |lane: usize| in_lane[lane.min(in_lane.len() - 1)];
        let data: [&[u8]; N] = std::array::from_fn(|lane| jobs[of_lane(lane)].1);
        let mut states: [[u32; 8]; N] = std::array::from_fn(|lane| jobs[of_lane(lane)].0.state);
        compress(&mut states, &data, blocks);
        for (lane, i) in in_lane.iter().enumerate() {
            let (stream, bytes) = &mut jobs[*i];
            stream.state = states[lane];
            *bytes = &bytes[blocks * 64..];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod lanes {
    use super::T;
    use crate::x86::{by8, by16};

    macro_rules! lanes {
        ($name:ident, $ops:ident, $features:literal) => {
            /// Compresses `blocks` blocks of each of the streams, each at least that long.
            #[target_feature(enable = $features)]
            pub(super) fn $name(states: &mut [[u32; 8]; $ops::LANES], data: &[&[u8]; $ops::LANES], blocks: usize) {
                use $ops::{LANES, Vector, load, load_bytes, splat, store, transpose};
                let mut v: [Vector; 8] = [splat(0); 8];
                for (word, v) in v.iter_mut().enumerate() {
                    *v = load(&std::array::from_fn(|lane| states[lane][word]));
                }
                for block in 0..blocks {
                    let mut w = [splat(0); 68];
                    for part in 0..16 / LANES {
                        let mut rows = [splat(0); LANES];
                        for (row, data) in rows.iter_mut().zip(data) {
                            let bytes = data[block * 64 + part * LANES * 4..].first_chunk();
                            *row = load_bytes(bytes.expect("as long as the blocks"));
                        }
                        w[part * LANES..][..LANES].copy_from_slice(&transpose(rows));
                    }
                    compression!($ops, Vector, v, w);
                }
                for (word, column) in v.into_iter().enumerate() {
                    for (state, value) in states.iter_mut().zip(store(column)) {
                        state[word] = value;
                    }
                }
            }
        };
    }
    lanes!(compress8, by8, "avx2");
    lanes!(compress16, by16, "avx512f,avx512bw");
}

//! Vectors of 32-bit words, one stream or record a lane: what SM3 and SM4 in lanes are made of.

/// Eight lanes of AVX2.
pub(crate) mod by8 {
    use std::arch::x86_64::*;

    pub(crate) type Vector = __m256i;
    pub(crate) const LANES: usize = 8;

    #[target_feature(enable = "avx2")]
    pub(crate) fn load(words: &[u32; 8]) -> Vector {
        // SAFETY: the array has the 32 bytes that an unaligned load reads.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    /// Eight big-endian words.
    #[target_feature(enable = "avx2")]
    pub(crate) fn load_bytes(bytes: &[u8; 32]) -> Vector {
        // SAFETY: the array has the 32 bytes that an unaligned load reads.
        let loaded = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        let swap = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        _mm256_shuffle_epi8(loaded, _mm256_broadcastsi128_si256(swap))
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn store(value: Vector) -> [u32; 8] {
        let mut words = [0; 8];
        // SAFETY: the array has the 32 bytes that an unaligned store writes.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) };
        words
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn splat(word: u32) -> Vector {
        _mm256_set1_epi32(word as i32)
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn xor(a: Vector, b: Vector) -> Vector {
        _mm256_xor_si256(a, b)
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(xor(a, b), c)
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn select(which: Vector, yes: Vector, no: Vector) -> Vector {
        xor(no, _mm256_and_si256(which, xor(yes, no)))
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn add(a: Vector, b: Vector) -> Vector {
        _mm256_add_epi32(a, b)
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn rotate<const LEFT: i32, const RIGHT: i32>(x: Vector) -> Vector {
        _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
    }

    /// From one row a lane to one column a word.
    #[target_feature(enable = "avx2")]
    pub(crate) fn transpose(r: [Vector; 8]) -> [Vector; 8] {
        let mut t = r;
        for i in 0..4 {
            t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
            t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
        }
        let mut u = t;
        for i in 0..2 {
            u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
            u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
        }
        let mut out = u;
        for i in 0..4 {
            out[i] = _mm256_permute2x128_si256::<0x20>(u[i], u[i + 4]);
            out[i + 4] = _mm256_permute2x128_si256::<0x31>(u[i], u[i + 4]);
        }
        out
    }
}

/// Sixteen lanes of AVX-512.
pub(crate) mod by16 {
    use std::arch::x86_64::*;

    pub(crate) type Vector = __m512i;
    pub(crate) const LANES: usize = 16;

    #[target_feature(enable = "avx512f")]
    pub(crate) fn load(words: &[u32; 16]) -> Vector {
        // SAFETY: the array has the 64 bytes that an unaligned load reads.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    /// Sixteen big-endian words.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn load_bytes(bytes: &[u8; 64]) -> Vector {
        // SAFETY: the array has the 64 bytes that an unaligned load reads.
        let loaded = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
        let swap = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        _mm512_shuffle_epi8(loaded, _mm512_broadcast_i32x4(swap))
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(value: Vector) -> [u32; 16] {
        let mut words = [0; 16];
        // SAFETY: the array has the 64 bytes that an unaligned store writes.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) };
        words
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn splat(word: u32) -> Vector {
        _mm512_set1_epi32(word as i32)
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn xor(a: Vector, b: Vector) -> Vector {
        _mm512_xor_si512(a, b)
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi32::<0x96>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi32::<0xE8>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn select(which: Vector, yes: Vector, no: Vector) -> Vector {
        _mm512_ternarylogic_epi32::<0xCA>(which, yes, no)
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn add(a: Vector, b: Vector) -> Vector {
        _mm512_add_epi32(a, b)
    }

    #[target_feature(enable = "avx512f")]
    pub(crate) fn rotate<const LEFT: i32, const RIGHT: i32>(x: Vector) -> Vector {
        _mm512_rol_epi32::<LEFT>(x)
    }

    /// From one row a lane to one column a word.
    #[target_feature(enable = "avx512f")]
    pub(crate) fn transpose(r: [Vector; 16]) -> [Vector; 16] {
        let mut t = r;
        for i in 0..8 {
            t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
            t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
        }
        // u[4 i + k]: words k, 4 + k, 8 + k, 12 + k of the rows 4 i to 4 i + 3.
        let mut u = t;
        for i in 0..4 {
            u[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
            u[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
        }
        let mut out = u;
        for k in 0..4 {
            let even_low = _mm512_shuffle_i32x4::<0x88>(u[k], u[4 + k]);
            let odd_low = _mm512_shuffle_i32x4::<0xDD>(u[k], u[4 + k]);
            let even_high = _mm512_shuffle_i32x4::<0x88>(u[8 + k], u[12 + k]);
            let odd_high = _mm512_shuffle_i32x4::<0xDD>(u[8 + k], u[12 + k]);
            out[k] = _mm512_shuffle_i32x4::<0x88>(even_low, even_high);
            out[4 + k] = _mm512_shuffle_i32x4::<0x88>(odd_low, odd_high);
            out[8 + k] = _mm512_shuffle_i32x4::<0xDD>(even_low, even_high);
            out[12 + k] = _mm512_shuffle_i32x4::<0xDD>(odd_low, odd_high);
        }
        out
    }
}

//! Words of bit lanes: the few operations from which the bit-sliced circuits are made, for each width.

/// `LANES` bits that are worked on at once, in 64-bit columns.
pub(super) trait Lanes: Copy {
    /// 64-bit columns.
    const COLUMNS: usize;
    /// The same 64 bits in every column.
    fn splat(bits: u64) -> Self;
    /// From one 64-bit value a column.
    fn load(columns: &[u64]) -> Self;
    /// To one 64-bit value a column.
    fn store(self, columns: &mut [u64]);
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// And.
    fn and(self, other: Self) -> Self;
    /// Or.
    fn or(self, other: Self) -> Self;
    /// `!self & other`.
    fn andnot(self, other: Self) -> Self;
    /// Complement.
    #[inline(always)]
    fn not(self) -> Self {
        self.xor(Self::splat(u64::MAX))
    }
    /// `high` where this bit is set, `low` elsewhere.
    #[inline(always)]
    fn choose(self, high: Self, low: Self) -> Self {
        self.and(high.xor(low)).xor(low)
    }
    /// Shifts each column left.
    fn shl(self, bits: u32) -> Self;
    /// Shifts each column right.
    fn shr(self, bits: u32) -> Self;
}

/// 256 lanes of plain integers.
#[derive(Clone, Copy)]
pub(super) struct Plain([u64; 4]);

impl Lanes for Plain {
    const COLUMNS: usize = 4;
    #[inline(always)]
    fn splat(bits: u64) -> Self {
        Self([bits; 4])
    }
    #[inline(always)]
    fn load(columns: &[u64]) -> Self {
        Self(columns.try_into().expect("four columns"))
    }
    #[inline(always)]
    fn store(self, columns: &mut [u64]) {
        columns.copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] ^ other.0[i]))
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }
    #[inline(always)]
    fn andnot(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| !self.0[i] & other.0[i]))
    }
    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        Self(self.0.map(|c| c << bits))
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(self.0.map(|c| c >> bits))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    //! Vector registers. The methods are called only from functions that have the instructions enabled, into which
    //! they are inlined.

    use super::Lanes;
    use std::arch::x86_64::*;

    /// 256 lanes of one AVX2 register.
    #[derive(Clone, Copy)]
    pub(crate) struct Ymm(__m256i);

    // SAFETY of every block below: see the module; loads and stores are unaligned and within slices of COLUMNS words,
    // which are asserted.
    impl Lanes for Ymm {
        const COLUMNS: usize = 4;
        #[inline(always)]
        fn splat(bits: u64) -> Self {
            Self(unsafe { _mm256_set1_epi64x(bits as i64) })
        }
        #[inline(always)]
        fn load(columns: &[u64]) -> Self {
            assert_eq!(columns.len(), 4);
            Self(unsafe { _mm256_loadu_si256(columns.as_ptr().cast()) })
        }
        #[inline(always)]
        fn store(self, columns: &mut [u64]) {
            assert_eq!(columns.len(), 4);
            unsafe { _mm256_storeu_si256(columns.as_mut_ptr().cast(), self.0) }
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Self(unsafe { _mm256_xor_si256(self.0, other.0) })
        }
        #[inline(always)]
        fn and(self, other: Self) -> Self {
            Self(unsafe { _mm256_and_si256(self.0, other.0) })
        }
        #[inline(always)]
        fn or(self, other: Self) -> Self {
            Self(unsafe { _mm256_or_si256(self.0, other.0) })
        }
        #[inline(always)]
        fn andnot(self, other: Self) -> Self {
            Self(unsafe { _mm256_andnot_si256(self.0, other.0) })
        }
        #[inline(always)]
        fn shl(self, bits: u32) -> Self {
            Self(unsafe { _mm256_sll_epi64(self.0, _mm_cvtsi32_si128(bits as i32)) })
        }
        #[inline(always)]
        fn shr(self, bits: u32) -> Self {
            Self(unsafe { _mm256_srl_epi64(self.0, _mm_cvtsi32_si128(bits as i32)) })
        }
    }

    /// 512 lanes of one AVX-512 register.
    #[derive(Clone, Copy)]
    pub(crate) struct Zmm(__m512i);

    impl Lanes for Zmm {
        const COLUMNS: usize = 8;
        #[inline(always)]
        fn splat(bits: u64) -> Self {
            Self(unsafe { _mm512_set1_epi64(bits as i64) })
        }
        #[inline(always)]
        fn load(columns: &[u64]) -> Self {
            assert_eq!(columns.len(), 8);
            Self(unsafe { _mm512_loadu_si512(columns.as_ptr().cast()) })
        }
        #[inline(always)]
        fn store(self, columns: &mut [u64]) {
            assert_eq!(columns.len(), 8);
            unsafe { _mm512_storeu_si512(columns.as_mut_ptr().cast(), self.0) }
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Self(unsafe { _mm512_xor_si512(self.0, other.0) })
        }
        #[inline(always)]
        fn and(self, other: Self) -> Self {
            Self(unsafe { _mm512_and_si512(self.0, other.0) })
        }
        #[inline(always)]
        fn or(self, other: Self) -> Self {
            Self(unsafe { _mm512_or_si512(self.0, other.0) })
        }
        #[inline(always)]
        fn andnot(self, other: Self) -> Self {
            Self(unsafe { _mm512_andnot_si512(self.0, other.0) })
        }
        #[inline(always)]
        fn choose(self, high: Self, low: Self) -> Self {
            // Truth table 0xCA: a ? b : c.
            Self(unsafe { _mm512_ternarylogic_epi64::<0xCA>(self.0, high.0, low.0) })
        }
        #[inline(always)]
        fn shl(self, bits: u32) -> Self {
            Self(unsafe { _mm512_sll_epi64(self.0, _mm_cvtsi32_si128(bits as i32)) })
        }
        #[inline(always)]
        fn shr(self, bits: u32) -> Self {
            Self(unsafe { _mm512_srl_epi64(self.0, _mm_cvtsi32_si128(bits as i32)) })
        }
    }
}

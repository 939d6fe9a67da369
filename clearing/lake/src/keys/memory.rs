//! Keys of the open date in memory.

use tongka_txn::KeyHash;

/// Hash set with open addressing, ordered by hash: growth and export are sequential.
#[derive(Default)]
pub(super) struct KeyTable {
    /// Pairs of `high` and `low`, so that the allocator hands out zeros without writing them.
    slots: Vec<[u64; 2]>,
    used: usize,
}

impl KeyTable {
    fn slot(&self, key: KeyHash) -> usize {
        ((u128::from(key.high) * self.slots.len() as u128) >> 64) as usize
    }

    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        self.used
    }

    /// The key with its payload where it is there, else the slot where it belongs. There must be a free slot.
    pub(super) fn find(&self, key: KeyHash) -> Result<KeyHash, usize> {
        let mut at = self.slot(key);
        loop {
            let [high, low] = self.slots[at];
            let found = KeyHash { high, low };
            if found.high == 0 {
                return Err(at);
            }
            if found.same_key(key) {
                return Ok(found);
            }
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
    }

    /// Starts to fetch the slot of a key into the cache.
    pub(super) fn prefetch(&self, key: KeyHash) {
        if let Some(slot) = self.slots.get(self.slot(key)) {
            crate::run::prefetch(slot);
        }
    }

    /// Makes room for `more` keys: slots found before are no longer right.
    pub(super) fn reserve(&mut self, more: usize) {
        let needed = self.used + more;
        if needed * 10 > self.slots.len() * 8 {
            let size = (needed * 5 / 4 + 1).max(self.slots.len() * 3 / 2).max(1 << 12);
            let old = std::mem::replace(&mut self.slots, vec![[0; 2]; size]);
            for [high, low] in old.into_iter().filter(|slot| slot[0] != 0) {
                let slot = self.find(KeyHash { high, low }).expect_err("each key is there once");
                self.slots[slot] = [high, low];
            }
        }
    }

    /// Puts a key into the slot that [`KeyTable::find`] gave for it.
    pub(super) fn put(&mut self, slot: usize, key: KeyHash) {
        self.slots[slot] = [key.high, key.low];
        self.used += 1;
    }

    /// All keys in order; the table is then empty.
    pub(super) fn drain_sorted(&mut self) -> impl ExactSizeIterator<Item = KeyHash> + use<> {
        let mut keys = std::mem::take(&mut self.slots);
        keys.retain(|slot| slot[0] != 0);
        keys.sort_unstable();
        self.used = 0;
        keys.into_iter().map(|[high, low]| KeyHash { high, low })
    }
}

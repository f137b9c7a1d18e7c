//! Limits of a response. Does not enforce them; the decoders do.

/// Limits of one response. The defaults are enough for every published model with its longest input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseLimits {
    /// Bytes of the JSON body. 3 GiB holds an `ESMFold` response with all fields at 1,300 residues.
    pub body: usize,
    /// Bytes of the JSON body outside the payload: other keys, white space, the signature.
    pub extra: usize,
    /// Levels of nested values, or of unknown JSON values. Real predictions have fewer than ten.
    pub depth: usize,
    /// Values in one pickle, counted for each use, so that shared ones cannot multiply without limit.
    pub items: usize,
    /// Entries in the memo of one pickle.
    pub memo: usize,
    /// Bytes of one `str`.
    pub text: usize,
    /// Bytes that decoding may allocate besides the payload, such as nodes, texts and rearranged arrays. A small payload may allocate
    /// only [`Self::ALLOCATION_BASE`] plus [`Self::ALLOCATION_FACTOR`] times its size.
    pub allocation: usize,
}

impl ResponseLimits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        body: 3 << 30,
        extra: 64 << 10,
        depth: 64,
        items: 4 << 20,
        memo: 4 << 20,
        text: 64 << 20,
        allocation: 2 << 30,
    };
    /// Payload that is read for any request, so that a check can report superfluous contents.
    pub(crate) const PAYLOAD_BASE: usize = 32 << 20;
    /// The allocation for the smallest payload.
    pub(crate) const ALLOCATION_BASE: usize = 16 << 20;
    /// Bytes allocated per byte of payload: a list of `None` takes one byte per item on the wire, dozens in memory.
    pub(crate) const ALLOCATION_FACTOR: usize = 128;

    /// Limits of a response whose fields take at most this many bytes.
    #[must_use]
    pub fn for_fields(bytes: usize) -> Self {
        let most = Self::DEFAULT;
        let payload = bytes.saturating_add(Self::PAYLOAD_BASE);
        Self {
            // Base64, and the rest of the envelope.
            body: most.body.min((payload / 3).saturating_add(1).saturating_mul(4).saturating_add(most.extra)),
            // An array is one value of any length; every bond is a list.
            items: most.items.min((payload / 64).saturating_add(64 << 10)),
            text: most.text.min(payload),
            // Copies for memory layout, byte order, and structures.
            allocation: most.allocation.min(payload.saturating_mul(4)),
            ..most
        }
    }

    /// The bytes that a payload of this size may allocate.
    #[must_use]
    pub const fn allocation_for(&self, payload: usize) -> usize {
        let granted = payload.saturating_mul(Self::ALLOCATION_FACTOR).saturating_add(Self::ALLOCATION_BASE);
        if granted < self.allocation { granted } else { self.allocation }
    }
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_bounds_what_is_read() {
        let small = ResponseLimits::for_fields(1 << 20);
        assert!(small.body > 44 << 20 && small.body < 48 << 20, "{small:?}");
        assert_eq!(
            ResponseLimits::for_fields(usize::MAX),
            ResponseLimits { body: ResponseLimits::DEFAULT.body, ..ResponseLimits::DEFAULT }
        );
        assert!(ResponseLimits::for_fields(300 << 20).allocation > 1200 << 20);
    }

    #[test]
    fn a_small_payload_is_granted_less_than_a_large_one() {
        let limits = ResponseLimits::default();
        assert_eq!(limits.allocation_for(0), ResponseLimits::ALLOCATION_BASE);
        assert_eq!(limits.allocation_for(usize::MAX), limits.allocation);
    }
}

//! The signature of a payload while it arrives. A thread hashes copies of the blocks of a long payload, in parallel to decoding. Does not
//! know the key or the form of a signature.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Payloads up to this many bytes are hashed without a thread, which would cost more than it saves.
const SHORT: usize = 1 << 20;
/// The bytes of a block: small enough for the processor's cache, large enough to be sent cheaply.
const BLOCK: usize = 128 << 10;
/// The most waiting blocks, which bounds the memory.
const WAITING: usize = 8;

/// Hashes bytes in order.
pub(super) struct PayloadSigner {
    hashed: usize,
    place: HashPlace,
}

/// The place where the hash is computed.
enum HashPlace {
    /// In the caller's thread.
    Here(Hmac<Sha256>),
    Beside(HashThread),
}

struct HashThread {
    thread: JoinHandle<Hmac<Sha256>>,
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    block: Vec<u8>,
}

impl PayloadSigner {
    pub(super) const fn new(keyed: Hmac<Sha256>) -> Self {
        Self { hashed: 0, place: HashPlace::Here(keyed) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hashed = self.hashed.saturating_add(bytes.len());
        if let HashPlace::Here(hash) = &mut self.place {
            // Continues here if no thread can be started.
            match (self.hashed > SHORT).then(|| HashThread::start(hash.clone())).flatten() {
                Some(thread) => self.place = HashPlace::Beside(thread),
                None => return hash.update(bytes),
            }
        }
        if let HashPlace::Beside(thread) = &mut self.place {
            thread.update(bytes);
        }
    }

    /// The hash of all bytes; `None` if the thread failed.
    pub(super) fn finish(self) -> Option<Hmac<Sha256>> {
        match self.place {
            HashPlace::Here(hash) => Some(hash),
            HashPlace::Beside(thread) => thread.finish(),
        }
    }
}

impl HashThread {
    fn start(hash: Hmac<Sha256>) -> Option<Self> {
        let (full, blocks) = sync_channel::<Vec<u8>>(WAITING);
        let (used, empty) = channel();
        let work = move || hash_all(hash, &blocks, &used);
        let thread = Builder::new().name("signature".to_owned()).spawn(work).ok()?;
        Some(Self { thread, full, empty, block: Vec::with_capacity(BLOCK) })
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = BLOCK.saturating_sub(self.block.len()).min(bytes.len());
            let (now, later) = bytes.split_at(space);
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() >= BLOCK {
                let mut next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK));
                next.clear();
                // `finish` reports a thread that has ended.
                let _ = self.full.send(std::mem::replace(&mut self.block, next));
            }
        }
    }

    fn finish(self) -> Option<Hmac<Sha256>> {
        let _ = self.full.send(self.block);
        drop(self.full);
        self.thread.join().ok()
    }
}

/// Ends when the sender is dropped, so that an abandoned body leaves no thread.
fn hash_all(mut hash: Hmac<Sha256>, blocks: &Receiver<Vec<u8>>, used: &Sender<Vec<u8>>) -> Hmac<Sha256> {
    for block in blocks {
        hash.update(&block);
        // Fails once the last block was sent.
        let _ = used.send(block);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::super::signer;
    use super::*;

    #[test]
    fn pieces_of_any_length_hash_as_the_whole() {
        let bytes: Vec<u8> = (0..SHORT + 3 * BLOCK + 77).map(|index| (index % 251) as u8).collect();
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, SHORT + BLOCK, bytes.len()] {
            for piece in [24 << 10, BLOCK, BLOCK + 1, 3 * BLOCK] {
                let whole = signer(b"secret").chain_update(&bytes[..length]).finalize();
                let mut pieces = PayloadSigner::new(signer(b"secret"));
                bytes[..length].chunks(piece).for_each(|piece| pieces.update(piece));
                assert_eq!(pieces.finish().unwrap().finalize(), whole, "{length} in {piece}");
            }
        }
    }

    #[test]
    fn a_body_that_is_given_up_ends_the_thread() {
        let mut pieces = PayloadSigner::new(signer(b"secret"));
        pieces.update(&vec![0; SHORT + BLOCK]);
        let HashPlace::Beside(HashThread { thread, full, .. }) = pieces.place else {
            panic!("a long payload is hashed beside")
        };
        drop(full);
        thread.join().unwrap();
    }
}

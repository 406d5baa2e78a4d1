//! Bytes on their way, in a buffer that is the thread's while there are none.

use std::{
    cell::RefCell,
    io::{self, IoSlice},
    task::Poll,
};

use tokio::io::ReadBuf;

/// A TLS record of the largest size with what is around it (RFC 8446 section 5.2).
const BUFFER_BYTES: usize = 16 * 1024 + 512;
/// The most unused buffers that a thread keeps.
const SPARE_BUFFERS_MAX: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

fn borrow() -> Box<[u8]> {
    let spare = SPARE.with_borrow_mut(Vec::pop);
    spare.unwrap_or_else(|| vec![0; BUFFER_BYTES].into_boxed_slice())
}

fn give_back(buffer: Box<[u8]>) {
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < SPARE_BUFFERS_MAX {
            spare.push(buffer);
        }
    });
}

/// The bytes, in order.
#[derive(Default)]
pub(super) struct Transit {
    buffer: Option<Box<[u8]>>,
    start: usize,
    end: usize,
}

impl Transit {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many bytes more can be pushed.
    pub(super) fn room(&self) -> usize {
        BUFFER_BYTES - self.end
    }

    pub(super) fn filled(&self) -> &[u8] {
        self.buffer.as_deref().and_then(|buffer| buffer.get(self.start..self.end)).unwrap_or(&[])
    }

    /// Takes over as many bytes as there is room for.
    pub(super) fn push(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let buffer = self.buffer.get_or_insert_with(borrow);
        let before = self.end;
        for slice in slices {
            let length = slice.len().min(BUFFER_BYTES - self.end);
            buffer[self.end..self.end + length].copy_from_slice(&slice[..length]);
            self.end += length;
        }
        let pushed = self.end - before;
        self.consume(0);
        pushed
    }

    /// Reads into an empty buffer.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let buffer = self.buffer.get_or_insert_with(borrow);
        let mut buf = ReadBuf::new(buffer);
        let done = read(&mut buf);
        (self.start, self.end) = (0, buf.filled().len());
        self.consume(0);
        done
    }

    /// Hands over as many bytes as `buf` takes.
    pub(super) fn read(&mut self, buf: &mut ReadBuf<'_>) {
        let length = buf.remaining().min(self.filled().len());
        buf.put_slice(&self.filled()[..length]);
        self.consume(length);
    }

    /// Forgets the first bytes.
    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            self.buffer.take().into_iter().for_each(give_back);
        }
    }
}

impl Drop for Transit {
    fn drop(&mut self) {
        self.buffer.take().into_iter().for_each(give_back);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_order_and_the_buffer_is_given_back() {
        let mut transit = Transit::default();
        assert_eq!(transit.push(&[IoSlice::new(b"ab"), IoSlice::new(b"cd")]), 4);
        transit.consume(1);
        let mut out = [0; 2];
        transit.read(&mut ReadBuf::new(&mut out));
        assert_eq!((&out, transit.filled()), (b"bc", &b"d"[..]));
        transit.consume(1);
        assert!(transit.is_empty() && transit.buffer.is_none());
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let mut transit = Transit::default();
        let large = vec![1; BUFFER_BYTES - 1];
        assert_eq!(transit.push(&[IoSlice::new(&large), IoSlice::new(b"cd")]), BUFFER_BYTES);
        assert_eq!(transit.push(&[IoSlice::new(b"d")]), 0);
        assert_eq!(transit.room(), 0);
    }
}

//! As much of DER as the wrappings of private keys are made of: reading one element after the other, and writing them.

/// Tags (X.690 section 8).
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]` and `[1]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;

/// What has not been read yet.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content, rest) = element(self.0)?;
        (found == tag).then(|| self.0 = rest)?;
        Some(content)
    }

    /// The content of the next element where it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.expect(tag) } else { None }
    }
}

/// Tag, content and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        // No private key has 64 KiB.
        _ => return None,
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

/// Appends an element; contents stay below 64 KiB.
pub(super) fn write(to: &mut Vec<u8>, tag: u8, content: &[u8]) {
    to.push(tag);
    match content.len() {
        short @ 0..=0x7f => to.push(short as u8),
        middle @ 0x80..=0xff => to.extend([0x81, middle as u8]),
        long => {
            to.push(0x82);
            to.extend((long as u16).to_be_bytes());
        }
    }
    to.extend(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_for_every_form_of_length() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let content = vec![7; length];
            let mut bytes = Vec::new();
            write(&mut bytes, OCTET_STRING, &content);
            let mut reader = Reader(&bytes);
            assert_eq!(reader.optional(INTEGER), None);
            assert_eq!(reader.expect(OCTET_STRING), Some(content.as_slice()));
            assert!(reader.0.is_empty());
        }
    }

    #[test]
    fn truncated_elements_are_none() {
        for bytes in
            [&[][..], &[0x30], &[0x30, 2, 0], &[0x30, 0x81], &[0x30, 0x82, 1], &[0x30, 0x84, 0, 0]]
        {
            assert_eq!(Reader(bytes).expect(SEQUENCE), None, "{bytes:?}");
        }
    }
}

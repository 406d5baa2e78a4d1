//! Certificate compression (RFC 8879): zlib and brotli, to clients that offer it. A chain is compressed once and kept, since
//! compressing costs as much as a handshake.

use std::{
    io::{self, Write},
    sync::Arc,
};

use boring::{
    error::ErrorStack,
    sha::sha256,
    ssl::{CertificateCompressionAlgorithm, CertificateCompressor, SslContextBuilder},
};
use quick_cache::sync::Cache;

/// The most certificate messages kept compressed, of about 2 KiB each.
const KEPT_MAX: usize = 10_000;
/// Little is gained by more, and a cold name pays for it.
const ZLIB_LEVEL: u32 = 6;
/// As above.
const BROTLI_QUALITY: i32 = 5;
/// The smallest of brotli's windows that holds a chain (2 to the power of it, in bytes).
const BROTLI_WINDOW_BITS: i32 = 14;

/// What has been compressed, by algorithm and digest of the message. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Compressed(Arc<Cache<Key, Arc<[u8]>>>);

type Key = (Algorithm, [u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Brotli,
    Zlib,
}

impl Default for Compressed {
    fn default() -> Self {
        Self(Arc::new(Cache::new(KEPT_MAX)))
    }
}

impl Compressed {
    fn write(&self, algorithm: Algorithm, input: &[u8], output: &mut impl Write) -> io::Result<()> {
        let key = (algorithm, sha256(input));
        if let Some(kept) = self.0.get(&key) {
            return output.write_all(&kept);
        }
        let made: Arc<[u8]> = match algorithm {
            Algorithm::Brotli => brotli(input)?,
            Algorithm::Zlib => zlib(input)?,
        }
        .into();
        output.write_all(&made)?;
        self.0.insert(key, made);
        Ok(())
    }
}

fn zlib(input: &[u8]) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::new(ZLIB_LEVEL);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
    encoder.write_all(input)?;
    encoder.finish()
}

fn brotli(input: &[u8]) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        ..Default::default()
    };
    let mut output = Vec::new();
    brotli::BrotliCompress(&mut &*input, &mut output, &params)?;
    Ok(output)
}

struct Zlib(Compressed);

impl CertificateCompressor for Zlib {
    const ALGORITHM: CertificateCompressionAlgorithm = CertificateCompressionAlgorithm::ZLIB;
    const CAN_COMPRESS: bool = true;
    const CAN_DECOMPRESS: bool = false;

    fn compress<W: Write>(&self, input: &[u8], output: &mut W) -> io::Result<()> {
        self.0.write(Algorithm::Zlib, input, output)
    }
}

struct Brotli(Compressed);

impl CertificateCompressor for Brotli {
    const ALGORITHM: CertificateCompressionAlgorithm = CertificateCompressionAlgorithm::BROTLI;
    const CAN_COMPRESS: bool = true;
    const CAN_DECOMPRESS: bool = false;

    fn compress<W: Write>(&self, input: &[u8], output: &mut W) -> io::Result<()> {
        self.0.write(Algorithm::Brotli, input, output)
    }
}

/// Makes connections of the context compress; brotli first, where a client takes both.
pub(crate) fn install(
    builder: &mut SslContextBuilder,
    compressed: &Compressed,
) -> Result<(), ErrorStack> {
    builder.add_certificate_compression_algorithm(Brotli(compressed.clone()))?;
    builder.add_certificate_compression_algorithm(Zlib(compressed.clone()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_compressed_is_smaller_reads_back_and_is_made_once() {
        let input = b"a certificate of a name, a certificate of its authority".repeat(40);
        let compressed = Compressed::default();
        let mut written = Vec::new();
        for algorithm in [Algorithm::Zlib, Algorithm::Brotli] {
            written.clear();
            compressed.write(algorithm, &input, &mut written).unwrap();
            assert!(written.len() < input.len() / 4, "{algorithm:?} {}", written.len());
            let mut back = Vec::new();
            match algorithm {
                Algorithm::Zlib => {
                    flate2::read::ZlibDecoder::new(&*written).read_to_end(&mut back).unwrap();
                }
                Algorithm::Brotli => {
                    brotli::Decompressor::new(&*written, 4096).read_to_end(&mut back).unwrap();
                }
            }
            assert_eq!(back, input, "{algorithm:?}");
            let first = written.clone();
            written.clear();
            compressed.write(algorithm, &input, &mut written).unwrap();
            assert_eq!(written, first);
        }
        assert_eq!(compressed.0.len(), 2);
    }
}

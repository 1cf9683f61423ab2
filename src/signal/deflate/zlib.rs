//! By `zlib-rs`.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Inflated;

/// The deflated text, or none if that takes more than `most` bytes.
pub(in super::super) fn deflate(dictionary: &[u8], text: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut deflater = Compress::new(Compression::best(), false);
    deflater.set_dictionary(dictionary).ok()?;
    // What is not compressed grows by five bytes in 16 KiB.
    let mut out = vec![0; most.min(text.len() + text.len() / 1024 + 64)];
    let status = deflater.compress(text, &mut out, FlushCompress::Finish);
    let Ok(Status::StreamEnd) = status else {
        return None;
    };
    out.truncate(deflater.total_out() as usize);
    Some(out)
}

/// The inverse of [`deflate`], for a text of at most `most` bytes, whatever the input says.
pub(in super::super) fn inflate(dictionary: &[u8], deflated: &[u8], most: usize) -> Inflated {
    let mut inflater = Decompress::new(false);
    if inflater.set_dictionary(dictionary).is_err() {
        return Inflated::Damaged;
    }
    // One byte more than is allowed tells a text that fits exactly from one that does not.
    let mut out = vec![0; most + 1];
    let status = inflater.decompress(deflated, &mut out, FlushDecompress::Finish);
    if inflater.total_out() > most as u64 {
        return Inflated::Longer;
    }
    let Ok(Status::StreamEnd) = status else {
        return Inflated::Damaged;
    };
    out.truncate(inflater.total_out() as usize);
    Inflated::Whole(out, inflater.total_in() as usize)
}

//! A sender after sections 1 to 6 of `docs/waveform.md`: slow, plain, and without a line of ours.

use super::text::{Format, Profile, block, shifts};

/// One frame, with what led to it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) format: Format,
    pub(crate) header: Vec<bool>,
    pub(crate) header_whitened: Vec<bool>,
    pub(crate) header_coded: Vec<bool>,
    pub(crate) packet: Vec<bool>,
    pub(crate) packet_whitened: Vec<bool>,
    pub(crate) mother: Vec<bool>,
    pub(crate) data: Vec<bool>,
    /// A line a symbol.
    pub(crate) tones: Vec<Vec<u8>>,
}

/// The frames of one pass.
pub(crate) fn pass_of(profile: &Profile, message: &[u8], pass: usize) -> Vec<Frame> {
    if message.len() <= 508 {
        return vec![frame(profile, message, message, false, pass)];
    }
    let count = message.len().div_ceil(500);
    let length = message.len().div_ceil(count);
    let mut data: Vec<Vec<u8>> = message.chunks(length).map(<[u8]>::to_vec).collect();
    data[count - 1].resize(length, 0);
    let others = 256 - count;
    let redundant = count.div_ceil(8).min(others);
    let first = redundant * pass % others;
    let later = (0..redundant).map(|i| count + (first + i) % others);
    let indices = (0..count).chain(later);
    let rows = redundancy_rows(count);
    let segment = |index: usize| {
        let mut packet = (message.len() as u32).to_be_bytes()[1..].to_vec();
        packet.push(index as u8);
        packet.extend(crc32(message).to_be_bytes());
        packet.extend((0..length).map(|i| {
            let products = (0..count).map(|d| times(rows[index][d], data[d][i]));
            products.fold(0, |sum, product| sum ^ product)
        }));
        frame(profile, message, &packet, true, pass)
    };
    indices.map(segment).collect()
}

/// The frame of a packet, which comes without its checksum.
fn frame(profile: &Profile, message: &[u8], packet: &[u8], segmented: bool, pass: usize) -> Frame {
    let length = packet.len() - if segmented { 8 } else { 0 };
    let id = crc32(message) as usize & 255;
    let header = header(1, segmented, pass, id, length);
    let header_whitened = whitened(&header);
    let header_coded = convolved(&header_whitened);

    let bound = self::header(1, segmented, 0, id, length);
    let mut checked = bytes(&bound[..24]);
    checked.extend(packet);
    let sealed = [packet, &crc32(&checked).to_be_bytes()].concat();
    let packet: Vec<bool> = sealed
        .iter()
        .flat_map(|byte| low(usize::from(*byte), 8))
        .collect();
    let packet_whitened = whitened(&packet);
    let info = packet.len();

    let deep = |pass: usize| !segmented && profile.deep_passes.contains(&pass);
    let form = |deep: bool| if deep { &profile.deep } else { &profile.normal };
    let size = |format: &Format| {
        let (above, below) = if segmented { (2, 1) } else { format.expansion };
        let bits = format.groups * format.tones.ilog2() as usize;
        let symbols = (240 + (info * above).div_ceil(below)).div_ceil(bits);
        (symbols, symbols * bits - 240)
    };
    let format = form(deep(pass));
    let (symbols, count) = size(format);

    let (mother, hubs) = mother(&packet_whitened);
    let ring = mother.len() - hubs;
    let alike: Vec<usize> = (0..pass)
        .filter(|other| deep(*other) == deep(pass))
        .collect();
    let first = alike.first().copied().unwrap_or(pass);
    let list: Vec<usize> = if (first + alike.len()).is_multiple_of(2) {
        (0..count).map(|i| i % ring).collect()
    } else {
        let after = size(form(false)).1;
        let around = (0..).map(|i| (after + i) % ring);
        (ring..mother.len()).chain(around).take(count).collect()
    };
    let data: Vec<bool> = (0..count)
        .map(|i| mother[list[(i + count * pass / 8) % count]])
        .collect();
    Frame {
        tones: tones(format, symbols, &header_coded, &data),
        format: format.clone(),
        header,
        header_whitened,
        header_coded,
        packet,
        packet_whitened,
        mother,
        data,
    }
}

/// Section 3: the 40 bits.
fn header(version: usize, segmented: bool, pass: usize, id: usize, length: usize) -> Vec<bool> {
    let segmented = usize::from(segmented);
    let fields = [
        (version, 2),
        (segmented, 1),
        (pass, 3),
        (id, 8),
        (length, 10),
    ];
    let mut header: Vec<bool> = fields
        .iter()
        .flat_map(|(value, bits)| low(*value, *bits))
        .collect();
    let checksum = crc16(&header);
    header.extend(low(checksum, 16));
    header
}

/// The symbols of a header that has no data behind it.
pub(crate) fn announcement(
    profile: &Profile,
    version: usize,
    segmented: bool,
    length: usize,
) -> Vec<Vec<u8>> {
    let coded = convolved(&whitened(&header(version, segmented, 0, 7, length)));
    let format = &profile.normal;
    let bits = format.groups * format.tones.ilog2() as usize;
    let symbols = 240_usize.div_ceil(bits);
    tones(format, symbols, &coded, &vec![false; symbols * bits - 240])
}

/// Section 2.
fn tones(format: &Format, symbols: usize, header: &[bool], data: &[bool]) -> Vec<Vec<u8>> {
    let bits = format.tones.ilog2() as usize;
    let head = interleaver((240_usize.div_ceil(format.groups * bits)) * format.groups);
    let mut slots = vec![vec![false; bits]; symbols * format.groups];
    for (i, bit) in header.iter().enumerate() {
        slots[head[i / bits]][i % bits] = *bit;
    }
    let mut left = head[240 / bits..].to_vec();
    left.extend(head.len()..slots.len());
    let places = interleaver(data.len());
    for (bit, place) in data.iter().zip(places) {
        slots[left[place / bits]][place % bits] = *bit;
    }
    let tone = |slot: &Vec<bool>| {
        let told = |tone: &usize| low(tone ^ (tone >> 1), bits) == *slot;
        (0..format.tones).find(told).unwrap() as u8
    };
    slots
        .chunks(format.groups)
        .map(|symbol| symbol.iter().map(tone).collect())
        .collect()
}

fn interleaver(length: usize) -> Vec<usize> {
    let mut state = 0x4149_5253_4841_4b45 ^ length as u64;
    let mut draw = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (((z >> 32) * below as u64) >> 32) as usize
    };
    let mut order: Vec<usize> = (0..length).collect();
    for i in (1..length).rev() {
        let j = draw(i + 1);
        order.swap(i, j);
    }
    order
}

/// Section 3: the convolutional code.
fn convolved(ring: &[bool]) -> Vec<bool> {
    let mut coded = Vec::new();
    for i in 0..ring.len() {
        let word = (0..11).fold(0, |word, k| {
            word | usize::from(ring[(i + ring.len() - k) % ring.len()]) << k
        });
        for generator in [0o2277, 0o2353, 0o2661, 0o3175, 0o3225, 0o3671] {
            coded.push((word & generator).count_ones() % 2 == 1);
        }
    }
    coded
}

/// Section 4.3: the mother bits, and how many of them are hubs.
fn mother(info: &[bool]) -> (Vec<bool>, usize) {
    let mut size = info.len().div_ceil(8);
    while size.is_multiple_of(2) || size.is_multiple_of(3) {
        size += 1;
    }
    let mut shifts = shifts(size);
    let mut padded = info.to_vec();
    padded.resize(8 * size, false);
    let mut columns: Vec<Vec<bool>> = padded.chunks(size).map(<[bool]>::to_vec).collect();
    for row in block("rows") {
        let (_, summed) = row.split_once(": ").unwrap();
        let mut sum = vec![false; size];
        for column in summed.split(' ') {
            let column: usize = column.parse().unwrap();
            let shift = shifts.next().unwrap();
            for (i, bit) in sum.iter_mut().enumerate() {
                *bit ^= columns[column][(i + shift) % size];
            }
        }
        columns.push(sum);
    }
    assert!(shifts.next().is_none() && columns.len() == 48);
    let hubs = 2 * size;
    let mut mother = info[hubs..].to_vec();
    mother.extend(columns[8..].concat());
    mother.extend(&info[..hubs]);
    (mother, hubs)
}

/// Section 4.1: `V T^-1`, a line a shard.
fn redundancy_rows(data: usize) -> Vec<Vec<u8>> {
    let row = |x: u8| -> Vec<u8> {
        std::iter::successors(Some(1), |power| Some(times(*power, x)))
            .take(data)
            .collect()
    };
    let all: Vec<Vec<u8>> = (0..=255).map(row).collect();
    // Gauss and Jordan: T beside the identity.
    let mut top: Vec<Vec<u8>> = all[..data].to_vec();
    for (i, row) in top.iter_mut().enumerate() {
        row.extend((0..data).map(|j| u8::from(i == j)));
    }
    for i in 0..data {
        let pivot = (i..data).find(|row| top[*row][i] != 0).unwrap();
        top.swap(i, pivot);
        let inverse = (1..=255).find(|x| times(*x, top[i][i]) == 1).unwrap();
        top[i].iter_mut().for_each(|x| *x = times(*x, inverse));
        let row = top[i].clone();
        for (_, other) in top.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let factor = other[i];
            let pairs = other.iter_mut().zip(&row);
            pairs.for_each(|(x, y)| *x ^= times(factor, *y));
        }
    }
    let inverse: Vec<&[u8]> = top.iter().map(|row| &row[data..]).collect();
    let product = |row: &Vec<u8>| -> Vec<u8> {
        (0..data)
            .map(|column| {
                let products = (0..data).map(|k| times(row[k], inverse[k][column]));
                products.fold(0, |sum, product| sum ^ product)
            })
            .collect()
    };
    all.iter().map(product).collect()
}

/// In GF(256) with x^8 + x^4 + x^3 + x^2 + 1.
fn times(a: u8, b: u8) -> u8 {
    let mut product = 0u16;
    for place in (0..8).rev() {
        product <<= 1;
        if product & 0x100 != 0 {
            product ^= 0x11d;
        }
        if b >> place & 1 == 1 {
            product ^= u16::from(a);
        }
    }
    product as u8
}

/// Section 4.2.
fn whitened(bits: &[bool]) -> Vec<bool> {
    let mut sequence = vec![true; 15];
    for i in 15..15 + bits.len() {
        sequence.push(sequence[i - 14] ^ sequence[i - 15]);
    }
    bits.iter()
        .zip(&sequence[15..])
        .map(|(a, b)| a ^ b)
        .collect()
}

fn crc16(bits: &[bool]) -> usize {
    bits.iter().fold(0xffff, |crc, bit| {
        let carry = (crc >> 15 == 1) ^ bit;
        (crc << 1 ^ if carry { 0x1021 } else { 0 }) & 0xffff
    })
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// The low bits of a number, the highest first.
fn low(value: usize, bits: usize) -> Vec<bool> {
    (0..bits)
        .rev()
        .map(|place| value >> place & 1 == 1)
        .collect()
}

/// Bits packed from the highest on, the last byte filled up with zeros.
pub(crate) fn bytes(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        let eight = bits.iter().chain(std::iter::repeat(&false)).take(8);
        eight.fold(0, |byte, bit| byte << 1 | u8::from(*bit))
    };
    bits.chunks(8).map(byte).collect()
}

//! Compressed headers: RFC 7541.

use super::{
    COMPRESSION,
    Want::{Answer, ConnectionError},
    case, check, get,
};
use crate::raw::{END_HEADERS, END_STREAM, HEADERS, frame, headers};

const WHOLE: u8 = END_HEADERS | END_STREAM;

#[tokio::test]
async fn a_block_that_cannot_be_read_ends_the_connection() {
    let refused = |section, what, more: &[u8]| {
        let block = [get(), more.to_vec()].concat();
        case(section, what, [frame(HEADERS, WHOLE, 1, &block)], ConnectionError(&[COMPRESSION]))
    };
    check(vec![
        refused("2.3.3", "an index that nothing has", &[0x80 | 70]),
        refused("2.3.3", "a name's index that nothing has", &[0x7e, 1, b'x']),
        refused("4.2", "a change of the table's size at the end", &[0x20 | 1]),
        refused(
            "5.1",
            "a number without end",
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ),
        refused("5.2", "a text that is cut off", &[0x00, 5, b'x']),
        refused(
            "5.2",
            "a Huffman text with more than 7 bits of padding",
            &[0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x84, 0x49, 0x50, 0x9f, 0xff],
        ),
        refused(
            "5.2",
            "a Huffman text padded with zeros",
            &[0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x83, 0x49, 0x50, 0x90],
        ),
        refused(
            "5.2",
            "a Huffman text with its end in it",
            &[
                0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x87, 0x49, 0x51, 0xff, 0xff, 0xff, 0xfa,
                0x7f,
            ],
        ),
        refused("6.1", "index 0", &[0x80]),
        case(
            "6.3",
            "a table larger than the edge has said",
            [frame(HEADERS, WHOLE, 1, &[vec![0x3f, 0xe2, 0x1f], get()].concat())],
            ConnectionError(&[COMPRESSION]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_block_is_read_however_it_is_written() {
    let authority = || headers(&[(":authority", super::HOST)]);
    check(vec![
        case(
            "6.1",
            "fields of the static table",
            [frame(HEADERS, WHOLE, 1, &[vec![0x82, 0x87, 0x84], authority()].concat())],
            Answer(1),
        ),
        case(
            "6.2.1",
            "a field that is kept, and used again",
            [
                frame(
                    HEADERS,
                    WHOLE,
                    1,
                    &[vec![0x82, 0x87, 0x84], authority(), vec![0x40, 1, b'x', 1, b'y']].concat(),
                ),
                frame(
                    HEADERS,
                    WHOLE,
                    3,
                    &[vec![0x82, 0x87, 0x84], authority(), vec![0xbe]].concat(),
                ),
            ],
            Answer(3),
        ),
        case(
            "6.2.3",
            "a field that is never kept",
            [frame(
                HEADERS,
                WHOLE,
                1,
                &[vec![0x82, 0x87, 0x84], authority(), vec![0x10, 1, b'x', 1, b'y']].concat(),
            )],
            Answer(1),
        ),
        case(
            "6.3",
            "a smaller table at the beginning",
            [frame(HEADERS, WHOLE, 1, &[vec![0x20], vec![0x82, 0x87, 0x84], authority()].concat())],
            Answer(1),
        ),
        case(
            "5.2",
            "Huffman texts",
            [frame(
                HEADERS,
                WHOLE,
                1,
                &[
                    vec![0x82, 0x87, 0x84],
                    authority(),
                    // `x-test: ok`
                    vec![0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x82, 0x3d, 0x45],
                ]
                .concat(),
            )],
            Answer(1),
        ),
    ])
    .await;
}

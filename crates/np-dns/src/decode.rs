//! Reads queries. Everything here comes from anybody: a packet is a question, something to decline with a reason, or
//! nothing that may be answered at all. The work is bounded by [`QUERY_ADDITIONALS_MAX`] and one question.

use hickory_proto::{
    op::{Edns, Header, HeaderCounts, MessageType, OpCode, Query},
    rr::{RData, Record, RecordType},
    serialize::binary::{BinDecodable, BinDecoder},
};

use crate::{limits::QUERY_ADDITIONALS_MAX, question::Question};

/// A query, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// What the reply repeats.
    pub(crate) frame: Frame,
    /// What is wanted.
    pub(crate) ask: Result<Question, Fault>,
}

/// What a reply takes over from the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) id: u16,
    pub(crate) op_code: OpCode,
    pub(crate) recursion_desired: bool,
    /// `None` when it could not be read.
    pub(crate) query: Option<Query>,
    /// `None` when the client speaks none: the reply must not either.
    pub(crate) edns: Option<Edns>,
}

/// Why a query is declined without looking at what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// BADVERS: an EDNS version other than 0 (RFC 6891 section 6.1.3).
    BadVersion,
    /// FORMERR
    Malformed,
    /// NOTIMP: not a QUERY.
    NotImplemented,
}

/// Reads a packet. `None` when it must not be answered: too short for a header, or itself a response, which two
/// servers could otherwise send each other for ever.
pub(crate) fn decode(packet: &[u8]) -> Option<Request> {
    let mut decoder = BinDecoder::new(packet);
    let Header { metadata, counts } = Header::read(&mut decoder).ok()?;
    if metadata.message_type == MessageType::Response {
        return None;
    }
    let mut frame = Frame {
        id: metadata.id,
        op_code: metadata.op_code,
        recursion_desired: metadata.recursion_desired,
        query: None,
        edns: None,
    };
    let question = read_sections(&mut decoder, &counts, &mut frame);
    let ask = match metadata.op_code {
        OpCode::Query => question,
        // Read all the same: a reply to whoever speaks EDNS must speak it, whatever it declines.
        _ => Err(Fault::NotImplemented),
    };
    Some(Request { frame, ask })
}

fn read_sections(
    decoder: &mut BinDecoder<'_>,
    counts: &HeaderCounts,
    frame: &mut Frame,
) -> Result<Question, Fault> {
    // Exactly one question (RFC 9619), and nothing that belongs into responses.
    let plausible = counts.queries == 1
        && counts.answers == 0
        && counts.authorities == 0
        && counts.additionals <= QUERY_ADDITIONALS_MAX;
    if !plausible {
        return Err(Fault::Malformed);
    }
    let query = Query::read(decoder).map_err(|_| Fault::Malformed)?;
    let question = Question::from(&query);
    frame.query = Some(query);
    frame.edns = read_edns(decoder, counts.additionals)?;
    match &frame.edns {
        Some(edns) if edns.version() > 0 => Err(Fault::BadVersion),
        _ => Ok(question),
    }
}

/// The OPT record of the additional section; two of them are one too many (RFC 6891 section 6.1.1).
fn read_edns(decoder: &mut BinDecoder<'_>, additionals: u16) -> Result<Option<Edns>, Fault> {
    let mut edns = None;
    for _ in 0..additionals {
        let record = Record::read(decoder).map_err(|_| Fault::Malformed)?;
        if record.record_type() != RecordType::OPT {
            continue;
        }
        let readable = matches!(&record.data, RData::OPT(_) | RData::Update0(RecordType::OPT));
        if !readable || !record.name.is_root() || edns.is_some() {
            return Err(Fault::Malformed);
        }
        edns = Some(Edns::from(&record));
    }
    Ok(edns)
}

#[cfg(test)]
mod tests;

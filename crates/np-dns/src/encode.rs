//! Writes replies: the header's flags, EDNS (RFC 6891), and what is left out when a reply is too large.

use hickory_proto::{
    ProtoError,
    op::{Edns, Message, ResponseCode},
    rr::RecordType,
    serialize::binary::{BinEncodable, BinEncoder},
};

use crate::{
    answer::Answer,
    decode::{Fault, Frame},
};

/// The reply to a question.
pub(crate) fn answered(frame: &Frame, answer: Answer, udp_payload_bytes_max: u16) -> Message {
    let mut reply = begin(frame, udp_payload_bytes_max);
    // A referral says what others have; only the alias that leads to it is our own word.
    reply.metadata.authoritative = match &answer {
        Answer::Refused | Answer::Unreadable => false,
        Answer::Referral { chain, .. } => !chain.is_empty(),
        Answer::Records { .. } | Answer::NoData { .. } | Answer::NoSuchName { .. } => true,
    };
    match answer {
        Answer::Records { answers, additionals } => {
            reply.answers = answers;
            reply.additionals = additionals;
        }
        Answer::NoData { chain, soa } => {
            reply.answers = chain;
            reply.authorities = vec![soa];
        }
        Answer::NoSuchName { chain, soa } => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            reply.answers = chain;
            reply.authorities = vec![soa];
        }
        Answer::Referral { chain, servers, glue } => {
            reply.answers = chain;
            reply.authorities = servers;
            reply.additionals = glue;
        }
        Answer::Refused => reply.metadata.response_code = ResponseCode::Refused,
        Answer::Unreadable => reply.metadata.response_code = ResponseCode::ServFail,
    }
    reply
}

/// The reply to what is no question.
pub(crate) fn declined(frame: &Frame, fault: Fault, udp_payload_bytes_max: u16) -> Message {
    let mut reply = begin(frame, udp_payload_bytes_max);
    reply.metadata.response_code = match fault {
        Fault::BadVersion => ResponseCode::BADVERS,
        Fault::Malformed => ResponseCode::FormErr,
        Fault::NotImplemented => ResponseCode::NotImp,
    };
    reply
}

/// A reply with the question, RD and EDNS as they came. RA, AD and CD stay clear: we neither recurse nor validate.
fn begin(frame: &Frame, udp_payload_bytes_max: u16) -> Message {
    let mut reply = Message::response(frame.id, frame.op_code);
    reply.metadata.recursion_desired = frame.recursion_desired;
    reply.queries.extend(frame.query.clone());
    reply.edns = frame.edns.as_ref().map(|asked| {
        let mut edns = Edns::new();
        edns.set_max_payload(udp_payload_bytes_max);
        // RFC 3225 section 3: DO comes back as it was sent, also from a server that signs nothing.
        edns.set_dnssec_ok(asked.flags().dnssec_ok);
        edns
    });
    reply
}

/// Writes `reply` into `out`, in at most `bytes_max`: first without the additional section, which nobody depends on
/// (RFC 2181 section 9), then with no records and TC, so that the client asks again over TCP.
///
/// # Errors
/// When a record cannot be written at all.
pub(crate) fn encode(
    reply: &mut Message,
    bytes_max: u16,
    out: &mut Vec<u8>,
) -> Result<(), ProtoError> {
    write(reply, out)?;
    if fits(out, bytes_max) {
        return Ok(());
    }
    // A referral without its addresses may lead nowhere: it is asked for again over TCP (RFC 9471 section 3).
    let is_referral = reply.authorities.iter().any(|r| r.record_type() == RecordType::NS);
    if !is_referral {
        reply.additionals.clear();
        write(reply, out)?;
        if fits(out, bytes_max) {
            return Ok(());
        }
    }
    *reply = reply.truncate();
    write(reply, out)
}

/// Beyond 65535 bytes the encoder itself leaves records out and sets TC: that does not fit either.
fn fits(written: &[u8], bytes_max: u16) -> bool {
    /// The header's third byte, and TC in it (RFC 1035 section 4.1.1).
    const FLAGS: usize = 2;
    const TC: u8 = 0b10;
    let truncated = written.get(FLAGS).is_some_and(|flags| flags & TC != 0);
    !truncated && written.len() <= usize::from(bytes_max)
}

fn write(reply: &Message, out: &mut Vec<u8>) -> Result<(), ProtoError> {
    out.clear();
    reply.emit(&mut BinEncoder::new(out))
}

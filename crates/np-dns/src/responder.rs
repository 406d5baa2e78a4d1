//! From the bytes of a query to the bytes of its reply: synchronous, without sockets, and never panicking.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hickory_proto::op::Message;
use tracing::error;

use crate::{
    answer::{Answer, answer},
    decode::{Fault, Frame, decode},
    encode::{answered, declined, encode},
    limits::{TCP_REPLY_BYTES_MAX, UDP_REPLY_BYTES_MIN},
    metrics::{DnsMetrics, Outcome, Transport},
    zone::Zones,
};

/// Answers packets.
pub(crate) struct Responder {
    pub(crate) zones: Zones,
    pub(crate) udp_payload_bytes_max: u16,
    pub(crate) metrics: DnsMetrics,
}

impl Responder {
    /// The reply to `packet`, written into `out`; `None` when there must be none.
    ///
    /// A panic would be a defect of ours or of the message library; it must not take a worker with it, so it costs the
    /// one packet and is logged without its bytes.
    pub(crate) fn respond<'o>(
        &self,
        packet: &[u8],
        transport: Transport,
        out: &'o mut Vec<u8>,
    ) -> Option<&'o [u8]> {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.reply(packet, transport, out)));
        let outcome = attempt.unwrap_or_else(|_| {
            error!(transport = ?transport, "dns.query.panicked: a packet was dropped");
            out.clear();
            Outcome::ServFail
        });
        self.metrics.count(transport, outcome);
        (!out.is_empty()).then_some(out.as_slice())
    }

    fn reply(&self, packet: &[u8], transport: Transport, out: &mut Vec<u8>) -> Outcome {
        out.clear();
        let Some(request) = decode(packet) else { return Outcome::Ignored };
        let frame = &request.frame;
        let (mut reply, outcome) = match request.ask {
            Ok(question) => self.answered(frame, answer(&self.zones, &question)),
            Err(fault) => self.declined(frame, fault),
        };
        match encode(&mut reply, self.bytes_max(frame, transport), out) {
            Ok(()) => outcome,
            Err(source) => {
                error!(%source, "dns.reply.unwritable: a packet was dropped");
                out.clear();
                Outcome::ServFail
            }
        }
    }

    fn answered(&self, frame: &Frame, answer: Answer) -> (Message, Outcome) {
        let outcome = match &answer {
            Answer::Records { .. } | Answer::Referral { .. } => Outcome::Answered,
            Answer::NoData { .. } => Outcome::NoData,
            Answer::NoSuchName { .. } => Outcome::NxDomain,
            Answer::Refused => Outcome::Refused,
            Answer::Unreadable => Outcome::ServFail,
        };
        (answered(frame, answer, self.udp_payload_bytes_max), outcome)
    }

    fn declined(&self, frame: &Frame, fault: Fault) -> (Message, Outcome) {
        let outcome = match fault {
            Fault::BadVersion => Outcome::BadVers,
            Fault::Malformed => Outcome::FormErr,
            Fault::NotImplemented => Outcome::NotImp,
        };
        (declined(frame, fault, self.udp_payload_bytes_max), outcome)
    }

    /// What the client takes, as far as we send it.
    fn bytes_max(&self, frame: &Frame, transport: Transport) -> u16 {
        let Transport::Udp = transport else { return TCP_REPLY_BYTES_MAX };
        let asked = frame.edns.as_ref().map_or(UDP_REPLY_BYTES_MIN, |edns| edns.max_payload());
        asked.min(self.udp_payload_bytes_max).max(UDP_REPLY_BYTES_MIN)
    }
}

#[cfg(test)]
mod tests;

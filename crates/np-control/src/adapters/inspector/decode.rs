//! What a DNS message says, in the domain's words. Records that matter to nobody here, and names that no record of a customer
//! can stand at, are left out.

use hickory_proto::{
    op::{Edns, Message, ResponseCode},
    rr::{
        Name, RData, Record as WireRecord,
        rdata::opt::{EdnsCode, EdnsOption},
    },
};
use np_domain::{
    diagnosis::sight::{Caa, Code, Data, Record, Reply, Trouble},
    name::DnsName,
    text::Explanation,
};

/// The most records of an answer that are kept.
const RECORDS_MAX: usize = 64;

/// The message as an answer.
pub(super) fn reply(message: &Message) -> Reply {
    let soa = message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    });
    Reply {
        code: code(message.metadata.response_code),
        authoritative: message.metadata.authoritative,
        authentic: message.metadata.authentic_data,
        records: message.answers.iter().filter_map(record).take(RECORDS_MAX).collect(),
        negative_ttl: soa,
        trouble: message.edns.as_ref().and_then(trouble),
    }
}

/// The option of an extended error (RFC 8914 section 2).
const EXTENDED_ERROR: u16 = 15;

fn trouble(edns: &Edns) -> Option<Trouble> {
    let EdnsOption::Unknown(_, bytes) = edns.option(EdnsCode::Unknown(EXTENDED_ERROR))? else {
        return None;
    };
    let (code, text) = bytes.split_first_chunk::<2>()?;
    let text = String::from_utf8_lossy(text);
    let text = Explanation::new(text.trim_end_matches('\0'));
    Some(Trouble { code: u16::from_be_bytes(*code), text })
}

pub(in crate::adapters) fn code(code: ResponseCode) -> Code {
    match code {
        ResponseCode::NoError => Code::NoError,
        ResponseCode::NXDomain => Code::NxDomain,
        ResponseCode::ServFail => Code::ServFail,
        ResponseCode::Refused => Code::Refused,
        other => Code::Other(other.into()),
    }
}

/// A record that matters here.
pub(in crate::adapters) fn record(record: &WireRecord) -> Option<Record> {
    Some(Record { name: name(&record.name)?, ttl: record.ttl, data: data(&record.data)? })
}

fn data(data: &RData) -> Option<Data> {
    Some(match data {
        RData::A(address) => Data::A(address.0),
        RData::AAAA(address) => Data::Aaaa(address.0),
        RData::CNAME(target) => Data::Cname(name(&target.0)?),
        RData::NS(server) => Data::Ns(name(&server.0)?),
        RData::TXT(txt) => {
            let text = Explanation::new(String::from_utf8_lossy(&txt.txt_data.concat()));
            Data::Txt(text.as_str().into())
        }
        RData::CAA(caa) => Data::Caa(Caa {
            critical: caa.issuer_critical,
            tag: Explanation::new(caa.tag.to_ascii_lowercase()).as_str().into(),
            value: Explanation::new(String::from_utf8_lossy(&caa.value)).as_str().into(),
        }),
        _ => return None,
    })
}

fn name(name: &Name) -> Option<DnsName> {
    name.to_ascii().parse().ok()
}

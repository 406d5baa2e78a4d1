//! The document of a DNS record: everything but what has a column of its own.

use serde::{Deserialize, Serialize};

use super::{Damage, Micros, V1, moment};
use np_domain::{
    Timestamp,
    dns_record::{Comment, DnsRecord, Settings, Tag, Tags},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    v: V1,
    priority: Option<u16>,
    comment: Option<String>,
    tags: Vec<String>,
    ipv4_only: bool,
    ipv6_only: bool,
    flatten_cname: bool,
    created_at: Micros,
    modified_at: Micros,
    comment_modified_at: Option<Micros>,
    tags_modified_at: Option<Micros>,
}

/// What of a record comes out of its document.
pub(crate) struct Parts {
    pub(crate) priority: Option<u16>,
    pub(crate) comment: Option<Comment>,
    pub(crate) tags: Tags,
    pub(crate) settings: Settings,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    pub(crate) comment_modified_at: Option<Timestamp>,
    pub(crate) tags_modified_at: Option<Timestamp>,
}

impl From<&DnsRecord> for Record {
    fn from(record: &DnsRecord) -> Self {
        Self {
            v: V1,
            priority: record.content.priority(),
            comment: record.comment.as_ref().map(|comment| comment.as_str().to_owned()),
            tags: record.tags.iter().map(Tag::to_string).collect(),
            ipv4_only: record.settings.ipv4_only,
            ipv6_only: record.settings.ipv6_only,
            flatten_cname: record.settings.flatten_cname,
            created_at: record.created_at.into(),
            modified_at: record.modified_at.into(),
            comment_modified_at: record.comment_modified_at.map(Into::into),
            tags_modified_at: record.tags_modified_at.map(Into::into),
        }
    }
}

impl TryFrom<Record> for Parts {
    type Error = Damage;

    fn try_from(row: Record) -> Result<Self, Damage> {
        let comment = row.comment.as_deref().map(Comment::parse).transpose()?.flatten();
        let tags = Tags::parse(row.tags.iter().map(String::as_str)).map_err(|(_, why)| why)?;
        Ok(Self {
            priority: row.priority,
            comment,
            tags,
            settings: Settings {
                ipv4_only: row.ipv4_only,
                ipv6_only: row.ipv6_only,
                flatten_cname: row.flatten_cname,
            },
            created_at: row.created_at.try_into()?,
            modified_at: row.modified_at.try_into()?,
            comment_modified_at: moment(row.comment_modified_at)?,
            tags_modified_at: moment(row.tags_modified_at)?,
        })
    }
}

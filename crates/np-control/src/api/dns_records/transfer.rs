//! Zone files: a whole zone out, and one in.

use axum::{
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    response::IntoResponse as _,
};
use http::{StatusCode, header::CONTENT_TYPE};
use np_domain::{
    dns_record::{Proxy, RECORDS_PER_ZONE_MAX, zone_file},
    ports::{DnsRecordFilter, DnsRecordOrder, Page},
};

use super::{
    super::{
        Api,
        auth::InZone,
        envelope::{Reply, ok},
        error::{ApiError, Problem},
        wire::{
            dns_record::{AddedWire, Fault},
            invalid::{Invalid, Why},
        },
    },
    apex,
};
use crate::app::dns_records;

/// The media type of an exported file.
pub(super) const MEDIA_TYPE: &str = "text/plain";

pub(super) async fn export(State(api): State<Api>, InZone(zone): InZone) -> Reply {
    let filter = DnsRecordFilter { order: DnsRecordOrder::Kind, ..DnsRecordFilter::default() };
    // A zone has no more than that.
    let page = Page { number: 1, size: RECORDS_PER_ZONE_MAX as u32 };
    let (records, _) = api.app.stores.dns_records.list_dns_records(zone.id, &filter, page).await?;
    let servers = &api.settings.name_servers;
    let file = zone_file::write(&apex(&zone), servers, &records, api.app.now());
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], file).into_response())
}

pub(super) async fn import(
    State(api): State<Api>,
    InZone(zone): InZone,
    Form { file, proxy }: Form,
) -> Reply {
    let records = zone_file::read(&file, &apex(&zone)).map_err(|error| bad(error.to_string()))?;
    let lines: Vec<usize> = records.iter().map(|record| record.line).collect();
    let done = dns_records::import(&api.app, zone.id, records, proxy).await;
    let done = done.map_err(|error| ApiError::of_dns_import(error, &lines))?;
    Ok(ok(AddedWire { recs_added: done.added, total_records_parsed: done.parsed }))
}

/// The form of an import.
pub(super) struct Form {
    file: String,
    proxy: Proxy,
}

impl FromRequest<Api> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let form = Multipart::from_request(request, api).await;
        let mut form =
            form.map_err(|why| bad(format!("send multipart/form-data: {}", why.body_text())))?;
        let (mut file, mut proxy) = (None, Proxy::Off);
        while let Some(part) = form.next_field().await.map_err(|why| unread(&why))? {
            match part.name() {
                Some("file") => file = Some(part.bytes().await.map_err(|why| unread(&why))?),
                Some("proxied") => {
                    let text = part.text().await.map_err(|why| unread(&why))?;
                    proxy = Proxy::from(matches!(text.trim(), "true" | "True" | "1"));
                }
                _ => {}
            }
        }
        let file =
            file.ok_or_else(|| bad("the form has no `file`; send the zone file in it".into()))?;
        let file =
            String::from_utf8(file.into()).map_err(|_| bad("the file is not UTF-8".into()))?;
        Ok(Self { file, proxy })
    }
}

fn unread(why: &MultipartError) -> ApiError {
    match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::of(Problem::BodyTooLarge),
        _ => bad(format!("the form cannot be read: {}", why.body_text())),
    }
}

fn bad(detail: String) -> ApiError {
    let why = Why::DnsRecord(Box::new(Fault::File(detail)));
    Invalid { pointer: "/file".into(), why }.into()
}

//! `dns_records` of a zone (api.md, `dns_records`).

mod scan;
mod transfer;

use axum::extract::{FromRequestParts, Query, State};
use http::{StatusCode, request::Parts};
use np_domain::{
    dns_record::{DnsRecord, RecordName},
    id::DnsRecordId,
    zone::Zone,
};

use super::{
    Api,
    auth::{self, InZone},
    body::Body,
    envelope::{Envelope, Id, Reply, ok},
    error::ApiError,
    openapi::PAGES,
    pagination::{Params, result_info},
    router::Route,
    wire::dns_record::{
        AddedWire, BatchBody, BatchWire, EditBody, FILTERS, ImportForm, NewBody, RecordWire,
        ReviewBody, ReviewedWire, parse_batch, parse_create, parse_edit, parse_filter, parse_id,
        render,
    },
};
use crate::app::{
    access::{Area, Permission},
    dns_records::{self, ChangeError, Operation},
};

/// The group of the document.
const TAG: &str = "DNS records";
/// Records per page, unless asked otherwise.
const PER_PAGE: u32 = 100;
/// The most records of a page: half of what a zone can have.
const PER_PAGE_MAX: u32 = 5_000;

pub(crate) fn routes() -> Vec<Route> {
    const ALL: &str = "/zones/{zone_id}/dns_records";
    const ONE: &str = "/zones/{zone_id}/dns_records/{dns_record_id}";
    let (look, change) = (Permission::read(Area::Dns), Permission::write(Area::Dns));
    vec![
        Route::get(ALL, "dns-records-for-a-zone-list-dns-records", look, list)
            .tag(TAG)
            .summary("List DNS records")
            .query(PAGES)
            .query(FILTERS)
            .list::<RecordWire>(),
        Route::post(ALL, "dns-records-for-a-zone-create-dns-record", change, create)
            .tag(TAG)
            .summary("Create a DNS record")
            .body::<NewBody>()
            .result::<RecordWire>(),
        Route::post(
            "/zones/{zone_id}/dns_records/batch",
            "dns-records-for-a-zone-batch-dns-records",
            change,
            batch,
        )
        .tag(TAG)
        .summary("Change many DNS records")
        .details("Deletes, patches, puts and posts happen in this order, all of them or none.")
        .body::<BatchBody>()
        .result::<BatchWire>(),
        Route::get(
            "/zones/{zone_id}/dns_records/export",
            "dns-records-for-a-zone-export-dns-records",
            look,
            transfer::export,
        )
        .tag(TAG)
        .summary("All DNS records as a zone file")
        .text(transfer::MEDIA_TYPE),
        Route::post(
            "/zones/{zone_id}/dns_records/import",
            "dns-records-for-a-zone-import-dns-records",
            change,
            transfer::import,
        )
        .tag(TAG)
        .summary("Add the DNS records of a zone file")
        .details("All of them or none; those that the zone has already are passed over.")
        .multipart::<ImportForm>()
        .result::<AddedWire>(),
        Route::post(
            "/zones/{zone_id}/dns_records/scan",
            "dns-records-for-a-zone-scan-dns-records",
            change,
            scan::scan,
        )
        .tag(TAG)
        .summary("Look common names up and add what is found")
        .details(
            "The older way. What does not fit the zone, or is found late, is left to be reviewed.",
        )
        .without_body()
        .result::<AddedWire>(),
        Route::post(
            "/zones/{zone_id}/dns_records/scan/trigger",
            "dns-records-for-a-zone-trigger-dns-scan",
            change,
            scan::trigger,
        )
        .tag(TAG)
        .summary("Look common names up in the background")
        .without_body()
        .done(),
        Route::get(
            "/zones/{zone_id}/dns_records/scan/review",
            "dns-records-for-a-zone-review-dns-scan",
            look,
            scan::finds,
        )
        .tag(TAG)
        .summary("What a scan found that nobody has judged yet")
        .result::<Vec<RecordWire>>(),
        Route::post(
            "/zones/{zone_id}/dns_records/scan/review",
            "dns-records-for-a-zone-apply-dns-scan-results",
            change,
            scan::review,
        )
        .tag(TAG)
        .summary("Add or forget what a scan found")
        .details("All that is accepted is added, or nothing.")
        .body::<ReviewBody>()
        .result::<ReviewedWire>(),
        Route::get(ONE, "dns-records-for-a-zone-dns-record-details", look, read)
            .tag(TAG)
            .summary("One DNS record")
            .result::<RecordWire>(),
        Route::put(ONE, "dns-records-for-a-zone-update-dns-record", change, replace)
            .tag(TAG)
            .summary("Replace a DNS record")
            .body::<NewBody>()
            .result::<RecordWire>(),
        Route::patch(ONE, "dns-records-for-a-zone-patch-dns-record", change, edit)
            .tag(TAG)
            .summary("Change a DNS record")
            .body::<EditBody>()
            .result::<RecordWire>(),
        Route::delete(ONE, "dns-records-for-a-zone-delete-dns-record", change, remove)
            .tag(TAG)
            .summary("Delete a DNS record")
            .result::<Id>(),
    ]
}

/// The record's id in the path.
pub(crate) struct RecordInPath(DnsRecordId);

impl FromRequestParts<Api> for RecordInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = auth::path_id(parts, "dns_record_id").await?;
        parse_id(&id).map(Self).ok_or_else(|| auth::no_route(parts))
    }
}

pub(crate) async fn list(
    State(api): State<Api>,
    InZone(zone): InZone,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let page = params.page_of(PER_PAGE, PER_PAGE_MAX)?;
    let filter = parse_filter(&params, &apex(&zone))?;
    let (records, total) =
        api.app.stores.dns_records.list_dns_records(zone.id, &filter, page).await?;
    let shown: Vec<_> = records.iter().map(render).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

pub(crate) async fn create(
    State(api): State<Api>,
    InZone(zone): InZone,
    Body(body): Body,
) -> Reply {
    let wanted = parse_create(&body, &apex(&zone))?;
    one(&api, &zone, Operation::Add(Box::new(wanted))).await
}

pub(crate) async fn read(
    State(api): State<Api>,
    InZone(zone): InZone,
    RecordInPath(id): RecordInPath,
) -> Reply {
    let record = api.app.stores.dns_records.dns_record(zone.id, id).await?;
    let record = record.ok_or(ChangeError::NoRecord { index: 0 })?;
    Ok(ok(render(&record)))
}

pub(crate) async fn replace(
    State(api): State<Api>,
    InZone(zone): InZone,
    RecordInPath(id): RecordInPath,
    Body(body): Body,
) -> Reply {
    let wanted = parse_create(&body, &apex(&zone))?;
    one(&api, &zone, Operation::Replace(id, Box::new(wanted))).await
}

pub(crate) async fn edit(
    State(api): State<Api>,
    InZone(zone): InZone,
    RecordInPath(id): RecordInPath,
    Body(body): Body,
) -> Reply {
    let edit = parse_edit(&body, &apex(&zone))?;
    one(&api, &zone, Operation::Edit(id, Box::new(edit))).await
}

pub(crate) async fn remove(
    State(api): State<Api>,
    InZone(zone): InZone,
    RecordInPath(id): RecordInPath,
) -> Reply {
    dns_records::change(&api.app, zone.id, &[Operation::Remove(id)]).await?;
    Ok(ok(Id { id: id.to_string() }))
}

pub(crate) async fn batch(State(api): State<Api>, InZone(zone): InZone, Body(body): Body) -> Reply {
    let (pointers, operations): (Vec<String>, Vec<Operation>) =
        parse_batch(&body, &apex(&zone))?.into_iter().unzip();
    let done = dns_records::change(&api.app, zone.id, &operations).await;
    let done = done.map_err(|error| ApiError::of_dns_change(error, |index| pointers.get(index)))?;
    let mut wire = BatchWire { deletes: vec![], patches: vec![], puts: vec![], posts: vec![] };
    for (operation, record) in operations.iter().zip(&done) {
        let list = match operation {
            Operation::Add(_) => &mut wire.posts,
            Operation::Edit(..) => &mut wire.patches,
            Operation::Remove(_) => &mut wire.deletes,
            Operation::Replace(..) => &mut wire.puts,
        };
        list.push(render(record));
    }
    Ok(ok(wire))
}

async fn one(api: &Api, zone: &Zone, operation: Operation) -> Reply {
    let records: Vec<DnsRecord> = dns_records::change(&api.app, zone.id, &[operation]).await?;
    let record = records.first().ok_or(ChangeError::NoRecord { index: 0 })?;
    Ok(ok(render(record)))
}

fn apex(zone: &Zone) -> RecordName {
    RecordName::from(&zone.name)
}

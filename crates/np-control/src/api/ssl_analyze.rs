//! `ssl/analyze`: a look at a certificate before it is uploaded.

use axum::extract::State;

use super::{
    Api,
    auth::InZone,
    body::Body,
    envelope::{Reply, ok},
    error,
    router::Route,
    wire::analysis::{AnalysisWire, AnalyzeBody, parse, render},
};
use crate::app::{
    access::{Area, Permission},
    hostnames,
};

pub(crate) fn routes() -> Vec<Route> {
    const PATH: &str = "/zones/{zone_id}/ssl/analyze";
    let look = Permission::read(Area::Ssl);
    vec![
        Route::post(PATH, "analyze-certificate-analyze-certificate", look, analyze)
            .tag("Certificates")
            .summary("Look at a certificate as an upload would")
            .body::<AnalyzeBody>()
            .result::<AnalysisWire>(),
    ]
}

async fn analyze(State(api): State<Api>, InZone(_): InZone, Body(body): Body) -> Reply {
    let (certificate, method) = parse(&body)?;
    let analysis = hostnames::analyze(&api.app, certificate, method)
        .map_err(|fault| error::of_analysis(&fault))?;
    Ok(ok(render(&analysis, method)))
}

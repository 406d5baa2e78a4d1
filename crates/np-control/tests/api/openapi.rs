//! The OpenAPI document as it is served.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use np_control::api::{openapi_document, operations};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::world::World;

#[tokio::test]
async fn the_document_is_served_to_anybody() {
    let world = World::new().await;
    for path in ["/openapi.json", "/client/v4/openapi.json"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let served: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(served, openapi_document());
    }
}

#[test]
fn the_document_has_every_operation_of_the_route_table() {
    let document = openapi_document();
    for operation in operations() {
        let method = operation.method.as_str().to_ascii_lowercase();
        assert_eq!(document["paths"][operation.path][&method]["operationId"], operation.id);
    }
    let documented = document["paths"].as_object().unwrap().values();
    let documented: usize = documented.map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(documented, operations().len());
}

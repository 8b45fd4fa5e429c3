//! The API's own description, OpenAPI 3.1, made from the table of routes: what is served is what is
//! described.

use axum::Json;
use axum::http::Method;
use befund_model::api::{HistoryEntry, Problem};
use befund_model::job::JobEvent;
use befund_model::ticket::TimelineEntry;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem,
    Ref, Required, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::api::access::{Access, Pace, Route};
use crate::api::routes;

const TOKEN: &str = "personal_token";

/// `GET /api/v1/openapi.json`
pub async fn show() -> Json<OpenApi> {
    Json(describe(&routes::routes()))
}

/// The description of these routes.
#[must_use]
pub fn describe(routes: &[Route]) -> OpenApi {
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("befundp_").build();
    let mut schemas = vec![
        ("Problem".to_owned(), Problem::schema()),
        ("TimelineEntry".to_owned(), TimelineEntry::schema()),
        ("JobEvent".to_owned(), JobEvent::schema()),
        ("HistoryEntry".to_owned(), HistoryEntry::schema()),
    ];
    HistoryEntry::schemas(&mut schemas);
    TimelineEntry::schemas(&mut schemas);
    JobEvent::schemas(&mut schemas);
    let mut paths = PathsBuilder::new();
    for route in routes {
        for shape in [&route.takes, &route.answers].into_iter().flatten() {
            schemas.extend(shape.schemas.iter().cloned());
        }
        paths = paths.path(route.path, PathItem::new(method(route), operation(route)));
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Befund")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Tickets, machines, snapshots and jobs of one Befund controller. Lists are paged by key: pass `next` as `after`.",
                ))
                .build(),
        )
        .paths(paths.build())
        .components(Some(
            ComponentsBuilder::new()
                .schemas_from_iter(schemas)
                .security_scheme(TOKEN, SecurityScheme::Http(bearer))
                .build(),
        ))
        .build()
}

fn method(route: &Route) -> HttpMethod {
    if route.method == Method::POST { HttpMethod::Post } else { HttpMethod::Get }
}

fn operation(route: &Route) -> OperationBuilder {
    let mut operation = OperationBuilder::new().summary(Some(route.title));
    let words = ObjectBuilder::new().schema_type(Type::String).build();
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')) {
        let parameter = ParameterBuilder::new()
            .name(name.trim_end_matches('}'))
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(words.clone()));
        operation = operation.parameter(parameter);
    }
    for name in route.query {
        let parameter = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .schema(Some(words.clone()));
        operation = operation.parameter(parameter);
    }
    if let Some(shape) = &route.takes {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(&shape.name)));
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .required(Some(Required::True))
                .content("application/json", content.build())
                .build(),
        ));
    }
    let mut success = ResponseBuilder::new().description(route.title);
    if let Some(shape) = &route.answers {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(&shape.name)));
        success = success.content("application/json", content.build());
    } else if route.pace == Pace::Stream {
        success = success.content("text/event-stream", ContentBuilder::new().build());
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let failure = ResponseBuilder::new()
        .description("Refused, with a code for programs and words for people")
        .content("application/json", problem);
    if route.access != Access::Open {
        operation = operation.security(SecurityRequirement::new(TOKEN, Vec::<String>::new()));
    }
    operation.response("2XX", success.build()).response("default", failure.build())
}

//! A route: path, method, what it asks of the caller, and what it takes and answers.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use befund_model::operator::{Permission, Role};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::api::Api;

/// What a route asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// That somebody is signed in.
    SignedIn,
    /// That somebody is signed in who may do this.
    Needs(Permission),
}

impl Access {
    /// Whether a person of this role may call.
    #[must_use]
    pub const fn admits(self, role: Role) -> bool {
        match self {
            Self::Open | Self::SignedIn => true,
            Self::Needs(permission) => role.may(permission),
        }
    }
}

/// Who reads the answers: it decides what a refusal looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Programs: JSON.
    Api,
    /// People with a browser: a page.
    Page,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As long as any request.
    Prompt,
    /// As long as the caller listens.
    Stream,
}

/// A schema with its name and those that it refers to.
#[derive(Clone)]
pub struct Shape {
    /// Its name among the components.
    pub name: String,
    /// Itself and what it refers to.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Shape {
    fn of<T: ToSchema>(name: &str) -> Self {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        schemas.push((name.to_owned(), T::schema()));
        Self { name: name.to_owned(), schemas }
    }
}

/// One line of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its variable parts in braces.
    pub path: &'static str,
    /// What it asks of the caller.
    pub access: Access,
    /// Who reads the answers.
    pub surface: Surface,
    /// How long an answer may take.
    pub pace: Pace,
    /// One line of documentation.
    pub title: &'static str,
    /// The body that it takes.
    pub takes: Option<Shape>,
    /// The names of its query parameters.
    pub query: &'static [&'static str],
    /// The body that it answers.
    pub answers: Option<Shape>,
    /// What serves it.
    pub handler: MethodRouter<Api>,
}

impl Route {
    /// A `GET` of the API.
    pub fn get<H, T>(path: &'static str, access: Access, title: &'static str, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self::new(Method::GET, path, access, title, get(handler))
    }

    /// A `POST` of the API.
    pub fn post<H, T>(path: &'static str, access: Access, title: &'static str, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self::new(Method::POST, path, access, title, post(handler))
    }

    fn new(
        method: Method,
        path: &'static str,
        access: Access,
        title: &'static str,
        handler: MethodRouter<Api>,
    ) -> Self {
        Self {
            method,
            path,
            access,
            surface: Surface::Api,
            pace: Pace::Prompt,
            title,
            takes: None,
            query: &[],
            answers: None,
            handler,
        }
    }

    /// Its body.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self, name: &str) -> Self {
        self.takes = Some(Shape::of::<T>(name));
        self
    }

    /// Its query parameters.
    #[must_use]
    pub const fn asks(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }

    /// What it answers.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, name: &str) -> Self {
        self.answers = Some(Shape::of::<T>(name));
        self
    }

    /// Its body may be this large, in bytes.
    #[must_use]
    pub fn as_large_as(mut self, bytes: usize) -> Self {
        self.handler = self.handler.layer(DefaultBodyLimit::max(bytes));
        self
    }

    /// It answers server-sent events, for as long as the caller listens.
    #[must_use]
    pub const fn streams(mut self) -> Self {
        self.pace = Pace::Stream;
        self
    }

    /// It is a page of the console.
    #[must_use]
    pub const fn page(mut self) -> Self {
        self.surface = Surface::Page;
        self
    }
}

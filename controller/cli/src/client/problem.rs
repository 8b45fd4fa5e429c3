//! What went wrong between us and the controller, in words: exit code, cause and way out.

use befund_model::api::Problem;
use reqwest::{StatusCode, Url};

use crate::exit::Exit;
use crate::failure::{Failure, chain};

/// No answer came.
pub(super) fn unreachable(what: &str, base: &Url, error: &reqwest::Error) -> Failure {
    // The address is named once, by us; reqwest would add it to each link of the chain.
    let why = causes(error);
    let failure = |why: String| Failure::cannot(Exit::Unreachable, what, why);
    if why.contains("certificate") || why.contains("pin") {
        return failure(format!("the controller at {base} is not the one that was pinned: {why}"))
            .hint(
                "if its CA was really replaced, sign in again with the new pin, as \
                 `befund-controller doctor` prints it on the controller's host; otherwise somebody \
                 may be in between",
            );
    }
    if error.is_timeout() {
        return failure(format!("the controller at {base} did not answer in time: {why}"))
            .hint("try again; `befund-controller doctor` on its host tells how it is");
    }
    failure(format!("the controller at {base} is out of reach: {why}")).hint(
        "check the address and that the controller runs (`befund-controller doctor` on its host)",
    )
}

/// The causes below reqwest's and hyper's own wrapping, which names the address or says nothing.
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
        if !cause.to_string().starts_with("client error") {
            break;
        }
    }
    chain(cause)
}

/// An answer came, and it is no.
pub(super) fn refused(what: &str, base: &Url, status: StatusCode, body: &[u8]) -> Failure {
    let problem: Option<Problem> = serde_json::from_slice(body).ok();
    let why = match &problem {
        Some(problem) => problem.message.clone(),
        None => {
            let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
            format!("the controller answered {status}: {}", text.trim())
        }
    };
    let exit = exit(status, problem.as_ref());
    let failure = Failure::cannot(exit, what, why);
    match status {
        StatusCode::UNAUTHORIZED => {
            failure.hint(format!("sign in: befund login {base} --pin sha256:…"))
        }
        StatusCode::FORBIDDEN => {
            failure.hint("your role does not allow it; `befund login` as somebody whose role does")
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            failure.hint("the controller is busy; try again in a few seconds")
        }
        _ if problem.is_none() => {
            failure.hint(format!("is {base} really a Befund controller, of a version that fits?"))
        }
        _ => failure,
    }
}

fn exit(status: StatusCode, problem: Option<&Problem>) -> Exit {
    match (status, problem) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Exit::Forbidden,
        // Without a problem's body it is not our API that said so.
        (StatusCode::NOT_FOUND, Some(_)) => Exit::NotFound,
        (StatusCode::CONFLICT, _) => Exit::Conflict,
        (StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY, Some(_)) => Exit::Usage,
        (StatusCode::PAYLOAD_TOO_LARGE, Some(_)) => Exit::Usage,
        (StatusCode::TOO_MANY_REQUESTS, _) => Exit::Unreachable,
        (
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT,
            _,
        ) => Exit::Unreachable,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Failure {
        let base = Url::parse("https://help.example").expect("good");
        let status = StatusCode::from_u16(status).expect("good");
        refused("show ticket 7", &base, status, body.as_bytes())
    }

    #[test]
    fn each_answer_has_its_exit_code() {
        let body = r#"{"code":"x","message":"there is no ticket 7"}"#;
        for (status, exit) in [
            (400, Exit::Usage),
            (401, Exit::Forbidden),
            (403, Exit::Forbidden),
            (404, Exit::NotFound),
            (409, Exit::Conflict),
            (413, Exit::Usage),
            (422, Exit::Usage),
            (429, Exit::Unreachable),
            (500, Exit::Failed),
            (503, Exit::Unreachable),
        ] {
            let failure = said(status, body);
            assert_eq!(failure.exit(), exit, "{status}");
            assert_eq!(failure.to_string(), "cannot show ticket 7: there is no ticket 7");
        }
    }

    #[test]
    fn an_answer_that_is_not_ours_is_shown_and_doubted() {
        let failure = said(404, "<h1>nginx</h1>");
        assert_eq!(failure.exit(), Exit::Failed);
        assert!(failure.to_string().contains("nginx"), "{failure}");
        let Failure::Cannot(trouble) = failure else { panic!("a trouble") };
        assert!(trouble.hint.is_some_and(|hint| hint.contains("really a Befund controller")));
    }
}

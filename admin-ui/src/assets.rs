//! The style sheet, the script and the icon: embedded, named by their content, kept by browsers for ever.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use gateway_domain::TokenHash;

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "style",
        "css",
        "text/css; charset=utf-8",
        include_str!("../static/style.css"),
    )
});

/// The script. No page needs it.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "app",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("../static/app.js"),
    )
});

/// The icon, in the tab and beside the name.
pub static FAVICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "icon",
        "svg",
        "image/svg+xml",
        include_str!("../static/favicon.svg"),
    )
});

/// A file that is part of the program.
#[derive(Debug)]
pub struct Asset {
    name: String,
    content_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, content: &'static str) -> Self {
        let digest = TokenHash::of(content.as_bytes()).to_hex();
        let short = digest.get(..12).unwrap_or_default();
        Self {
            name: format!("{stem}.{short}.{extension}"),
            content_type,
            content,
        }
    }

    /// Where it is. Another content is another address.
    pub fn url(&self) -> String {
        format!("/admin/static/{}", self.name)
    }
}

/// The files' routes.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/admin/static/{name}", get(file))
}

async fn file(Path(name): Path<String>) -> Response {
    let all = [&*STYLE, &*SCRIPT, &*FAVICON];
    let Some(asset) = all.into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.content).into_response()
}

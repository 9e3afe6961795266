//! Style, script and icons, built in. Their addresses change with their content, so that browsers
//! keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::trouble::{Answer, Trouble};

/// A built-in file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    /// With the beginning of the content's SHA-256.
    address: String,
}

macro_rules! assets {
    ($($name:literal: $kind:literal),+ $(,)?) => {
        [$(Asset {
            name: $name,
            kind: $kind,
            content: include_bytes!(concat!("../assets/", $name)),
            address: address_of($name, include_bytes!(concat!("../assets/", $name))),
        }),+]
    };
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    Vec::from(assets! {
        "console.css": "text/css; charset=utf-8",
        "console.js": "text/javascript; charset=utf-8",
        "editor.min.js": "text/javascript; charset=utf-8",
        "htmx.min.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "templates.js": "text/javascript; charset=utf-8",
    })
});

fn address_of(name: &str, content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    format!("/assets/{stem}-{}.{ending}", URL_SAFE_NO_PAD.encode(&digest[..9]))
}

/// The address of a file by its name.
pub fn address(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map_or_else(|| format!("/assets/{name}"), |asset| asset.address.clone())
}

/// `GET /assets/{name}`.
pub async fn serve(Path(name): Path<String>) -> Answer {
    let address = format!("/assets/{name}");
    let asset = ASSETS.iter().find(|asset| asset.address == address).ok_or(Trouble::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.content).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_editor_is_the_one_that_was_recorded() {
        let recorded = include_str!("../assets/editor.sha256");
        let digest = Sha256::digest(include_bytes!("../assets/editor.min.js"));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let hint = "scripts/vendor-assets.sh makes it; nobody edits it";
        assert_eq!(recorded, format!("{hex}  editor.min.js\n"), "{hint}");
        let licences = include_str!("../assets/editor.licences.txt");
        assert!(licences.matches("Permission is hereby granted").count() >= 10, "{hint}");
    }
}

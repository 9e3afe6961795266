//! Rebuilds the crate when a file of the library is added or removed: the embedding macro itself
//! only notices changes of the files it already knows.

fn main() {
    for path in ["plans", "templates", "rules", "calendar.toml", "retention.toml"] {
        println!("cargo::rerun-if-changed={path}");
    }
}

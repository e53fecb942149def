//! How `files` of a component become mounts and folders.

use super::*;

fn folder(files: &str) -> Folder {
    let folder = Folder::with_manifest(&manifest(files));
    folder.write("dist/index.html", "<html>");
    folder.write("dist/js/app.js", "js");
    folder.write("dist/js/app.js.map", "map");
    folder.write("notes/a.txt", "a");
    folder
}

#[test]
fn a_folder_at_the_root_is_mounted_as_it_is() {
    let folder = folder("files = [{ source = \"dist\", destination = \"/\" }]");
    let mut app = folder.load().unwrap();
    assert!(app.stage_files().unwrap().is_none());
    let mount = &app.components["a"].files[0];
    assert_eq!(mount.host, folder.path("dist"));
    assert_eq!(mount.guest, "/");
}

#[test]
fn patterns_and_placements_are_copied_into_one_folder() {
    let folder = folder(
        "files = [\"notes\", \"dist/**/*.js\", { source = \"dist/index.html\", \
         destination = \"/pages/home.html\" }]",
    );
    let mut app = folder.load().unwrap();
    let staged = app.stage_files().unwrap().unwrap();
    let [mount] = app.components["a"].files.as_slice() else {
        panic!("one mount");
    };
    assert_eq!(mount.guest, "/");
    assert!(mount.host.starts_with(staged.path()));
    let read = |path: &str| fs::read_to_string(mount.host.join(path)).unwrap();
    assert_eq!(read("notes/a.txt"), "a");
    assert_eq!(read("dist/js/app.js"), "js");
    assert_eq!(read("pages/home.html"), "<html>");
    assert!(!mount.host.join("dist/js/app.js.map").exists());
    assert!(!mount.host.join("dist/index.html").exists());
}

#[test]
fn excluded_files_are_left_out_of_folders() {
    let folder = folder(
        "files = [{ source = \"dist\", destination = \"/\" }]\nexclude_files = [\"**/*.map\"]",
    );
    let mut app = folder.load().unwrap();
    let _staged = app.stage_files().unwrap().unwrap();
    let root = &app.components["a"].files[0].host;
    assert!(root.join("js/app.js").is_file());
    assert!(root.join("index.html").is_file());
    assert!(!root.join("js/app.js.map").exists());
}

#[test]
fn the_copies_go_with_their_guard() {
    let folder = folder("files = [\"notes\"]");
    let mut app = folder.load().unwrap();
    let staged = app.stage_files().unwrap().unwrap();
    let root = app.components["a"].files[0].host.clone();
    drop(staged);
    assert!(!root.exists());
}

#[test]
fn files_that_cannot_be_mounted_are_all_reported() {
    let folder = folder(
        "files = [\"gone\", \"..\", \"../x/*\", 7, { source = \"nope\", destination = \"/\" }, \
         { source = \"dist\", destination = \"/../etc\" }, { source = \"dist\" }]\n\
         exclude_files = [\"[\"]",
    );
    folder.write("x/y", "");
    let problems = folder.problems();
    assert_mentions(
        &problems,
        &[
            "`gone` does not exist; build it first",
            "`..` is not a file pattern",
            "expected a pattern or { source, destination }, found a number",
            "`nope` does not exist",
            "leaves the component's root",
            "`destination` is missing",
            "exclude_files `[`",
        ],
    );
}

#[test]
fn a_pattern_cannot_reach_outside_the_application() {
    let outer = Folder::new();
    outer.write("secret/key", "k");
    outer.write("app/a.wasm", "");
    outer.write(
        "app/spin.toml",
        &manifest("files = [\"../secret/*\", \"../secret\"]"),
    );
    let problems = App::load(&outer.path("app")).unwrap_err().problems;
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert_mentions(&problems, &["outside the application's folder"]);
}

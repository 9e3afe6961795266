//! `touchline contacts`.

use encoding_rs::WINDOWS_1256;
use serde_json::{Value, json};
use testkit::fixture::Deployment;

use crate::{Desk, rejected, table};

/// Imports a file; returns rows, added, updated, unchanged, rejected.
fn counts(desk: &Desk, file: &str, further: &[&str]) -> [u64; 5] {
    let arguments = [&["contacts", "import", file, "--json"], further].concat();
    let answer = desk.run(&arguments).object();
    let counts = ["rows", "added", "updated", "unchanged", "rejected"]
        .map(|field| answer[field].as_u64().unwrap());
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{answer}");
    counts
}

fn show(desk: &Desk, whom: &str) -> Value {
    desk.run(&["contacts", "show", whom, "--json"]).object()
}

#[tokio::test]
async fn every_encoding_and_header_is_read_and_twice_changes_nothing() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let arabic = |n: u32| {
        format!(
            "الاسم الكامل;البريد الإلكتروني;رقم الجوال;المصدر;الحالة;اللغة\r\n\
             محمد بن راشد {n};m{n}@example.com;٠٥٠١٢٣٤٥٦{n}٠;معرض;نشط;العربية\r\n"
        )
    };
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = format!("\u{feff}{text}");
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        units.encode_utf16().flat_map(bytes).collect()
    };
    desk.write("1.csv", format!("\u{feff}{}", arabic(1)));
    desk.write("2.csv", utf16(&arabic(2), false));
    desk.write("3.csv", utf16(&arabic(3), true));
    // Windows-1256 has no Arabic-Indic digits.
    desk.write("4.csv", WINDOWS_1256.encode(&arabic(4).replace("٠٥٠١٢٣٤٥٦4٠", "0501234569")).0);
    desk.write("5.csv", arabic(5).replace(';', "\t"));
    for n in 1..=5 {
        assert_eq!(counts(&desk, &format!("{n}.csv"), &[]), [1, 1, 0, 0, 0], "file {n}");
        assert_eq!(counts(&desk, &format!("{n}.csv"), &[]), [1, 0, 0, 1, 0], "file {n}");
        let contact = show(&desk, &format!("m{n}@example.com"));
        assert_eq!(contact["full_name"], format!("محمد بن راشد {n}"));
        assert_eq!(contact["first_name"], "محمد");
        assert_eq!((&contact["locale"], &contact["status"]), (&json!("ar"), &json!("active")));
        assert_eq!(contact["source"], "معرض");
    }
}

#[tokio::test]
async fn broken_rows_are_rejected_with_their_line_and_nothing_else_is() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let mut bytes = Vec::new();
    for line in [
        "full_name,email,phone,notes".as_bytes(),
        "Good One,one@example.com,0501234501,\"two\nlines, \"\"quoted\"\"\"".as_bytes(), // 2, 3
        b"Too Few,few@example.com",                                                      // 4
        b"Too,many@example.com,0501234502,x,y",                                          // 5
        b",nameless@example.com,,",                                                      // 6
        b"Bad Mail,bad@,0501234503,",                                                    // 7
        b"Bad Phone,phone@example.com,12,",                                              // 8
        b"Bad \xFF Bytes,bytes@example.com,,",                                           // 9
        b"\"Never closed,closed@example.com,,",                                          // 10
        "سارة حداد,sara@example.com,0501234504,=1+1".as_bytes(),                         // 11
        b"",                                                                             // 12
        b"Nul \0 Byte,nul@example.com,,",                                                // 13
        b"Good Two,two@example.com,+971501234505,",                                      // 14
    ] {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    desk.write("broken.csv", bytes);
    assert_eq!(counts(&desk, "broken.csv", &["--source", "fair"]), [11, 3, 0, 0, 8]);
    let rejects = rejected(&desk.path("broken.rejects.csv"));
    let lines: Vec<u64> = rejects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9, 10, 13]);
    for ((_, why), part) in rejects.iter().zip([
        "2 fields, the header has 4",
        "5 fields, the header has 4",
        "no name",
        "email: ",
        "phone: ",
        "no characters",
        "quotation mark",
        "no characters",
    ]) {
        assert!(why.contains(part), "{why:?} says {part:?}");
    }
    assert_eq!(show(&desk, "one@example.com")["notes"], "two\nlines, \"quoted\"");
    assert_eq!(counts(&desk, "broken.csv", &["--source", "fair"]), [11, 0, 0, 3, 8]);
    // Once repaired, the rejects file is itself a file to import.
    let text = std::fs::read_to_string(desk.path("broken.rejects.csv")).unwrap();
    let kept: Vec<&str> =
        text.lines().filter(|l| l.contains("rejected_line") || l.contains("bad@")).collect();
    desk.write("repaired.csv", kept.join("\n").replace("bad@", "bad@example.com"));
    assert_eq!(counts(&desk, "repaired.csv", &["--source", "fair"]), [1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn rows_of_one_person_are_one_contact_and_stay_quiet() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let mut text = "name,email,mobile,source\n".to_owned();
    text.push_str("Ali,ali@example.com,,web\nAli Hassan,ali@example.com,0501234567,web\n");
    text.push_str("Ali Hassan,ali@example.com,0501234567,web\n");
    for n in 0..3000 {
        text.push_str(&format!("Person {n},p{n}@example.com,,web\n"));
    }
    // Far behind, so that it is in another batch.
    text.push_str("Ali H.,,+971 50 123 4567,web\n");
    desk.write("twice.csv", text);
    assert_eq!(counts(&desk, "twice.csv", &[]), [3004, 3001, 2, 1, 0]);
    assert_eq!(counts(&desk, "twice.csv", &[]), [3004, 0, 0, 3004, 0]);
    assert_eq!(show(&desk, "ali@example.com")["full_name"], "Ali H.");
    // A later file may still say something else, and the first again after that.
    desk.write("later.csv", "name,email,source\nAli,ali@example.com,web\n");
    desk.write("other.csv", "name,email,source\nAly,ali@example.com,web\n");
    assert_eq!(counts(&desk, "other.csv", &[]), [1, 0, 1, 0, 0]);
    assert_eq!(counts(&desk, "later.csv", &[]), [1, 0, 1, 0, 0]);
    assert_eq!(counts(&desk, "later.csv", &[]), [1, 0, 0, 1, 0]);
    assert_eq!(show(&desk, "ali@example.com")["full_name"], "Ali");
}

#[tokio::test]
async fn all_fields_and_a_mapping_are_understood() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write(
        "all.csv",
        "Ref,Client,Second Email,email,phone_home,phone_mobile,fax,address,group,level,type,country,\
         state,city,area,time_zone,birthday,spouse_name,spouse_birthday,anniversary,closing_date,\
         hobbies,job_title,company,owner_email,owner_name,owner_phone,custom.loan type,Best Time,Junk\n\
         77,Dr. Sara Haddad,s2@example.com,s1@example.com,04 323 4567,050 123 4567,04 323 4568,\
         \"12 Marina Walk, Dubai\",VIP,a,fsbo,UAE,Dubai,Dubai,Marina,Asia/Dubai,31/12/1980,Omar,\
         1979-05-06,2005-01-02,2024-03-04,chess,Engineer,Palm,Layla@Team.example,Layla,,fixed,10:00-18:30,x\n",
    );
    desk.write(
        "map.toml",
        "[columns]\nRef = \"external_id\"\nClient = \"full_name\"\nJunk = \"ignore\"\n\
         [values.group]\nVIP = \"core_advocate\"\n[defaults]\nsource = \"referral\"\nlocale = \"ar\"\n",
    );
    assert_eq!(counts(&desk, "all.csv", &["--mapping", "map.toml"]), [1, 1, 0, 0, 0]);
    let contact = show(&desk, "77");
    for (field, expected) in [
        ("full_name", json!("Dr. Sara Haddad")),
        ("first_name", json!("Sara")),
        ("group", json!("core_advocate")),
        ("level", json!("A")),
        ("type", json!("fsbo")),
        ("country", json!("AE")),
        ("locale", json!("ar")),
        ("preferred_hours", json!("10:00-18:30")),
        ("source", json!("referral")),
        ("birthday", json!("1980-12-31")),
        ("closing_date", json!("2024-03-04")),
        ("owner", json!("Layla")),
    ] {
        assert_eq!(contact[field], expected, "{field}");
    }
    assert_eq!(contact["custom"]["loan type"], "fixed");
    assert_eq!(contact["custom"]["anniversary"], "2005-01-02");
    let addresses: Vec<(&str, &str)> = contact["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["label"].as_str().unwrap(), a["value"].as_str().unwrap()))
        .filter(|(_, value)| *value != contact["id"])
        .collect();
    let expected = [
        ("", "s1@example.com"),
        ("", "s2@example.com"),
        ("mobile", "+971501234567"),
        ("home", "+97143234567"),
        ("fax", "+97143234568"),
        ("", "12 Marina Walk, Dubai"),
    ];
    assert_eq!(addresses, expected);
    assert_eq!(show(&desk, "050 123 4567")["id"], contact["id"]);
    assert_eq!(show(&desk, "Dr. Sara")["id"], contact["id"]);
    assert_eq!(show(&desk, contact["id"].as_str().unwrap())["id"], contact["id"]);
    assert_eq!(desk.run(&["contacts", "show", "nobody", "--json"]).refusal().0, 1);
}

#[tokio::test]
async fn the_state_on_the_list_is_shown() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment);
    desk.run(&["suppress", "add", "+971500000000", "--reason", "voice_request"]);
    let contact = show(&desk, "p0@example.com");
    let phone = contact["addresses"].as_array().unwrap().iter().find(|a| a["kind"] == "phone");
    let stopped = phone.unwrap()["suppressed"].as_object().unwrap();
    assert_eq!(stopped.keys().collect::<Vec<_>>(), ["call", "sms"]);
    let text = desk.run(&["contacts", "show", "p0@example.com"]).out;
    assert!(text.contains("voice_request by staff"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_imported_is_said_before_anything_is() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("strange.csv", "name,email,Shoe size\nAli,a@example.com,43\n");
    desk.write("nameless.csv", "email\na@example.com\n");
    desk.write("empty.csv", "");
    let refused = |file: &str, further: &[&str]| {
        let (code, why) =
            desk.run(&[&["contacts", "import", file, "--json"], further].concat()).refusal();
        assert_eq!(code, 2, "{why}");
        why
    };
    assert!(refused("strange.csv", &["--source", "x"]).contains("\"Shoe size\""));
    assert!(refused("nameless.csv", &["--source", "x"]).contains("full_name"));
    assert!(refused("strange.csv", &["--unknown", "ignore"]).contains("--source"));
    assert!(refused("empty.csv", &[]).contains("header"));
    let rejects = ["--source", "x", "--unknown", "ignore", "--rejects", "strange.csv"];
    assert!(refused("strange.csv", &rejects).contains("--rejects"));
    let gone = desk.run(&["contacts", "import", "gone.csv", "--json"]);
    assert_eq!(gone.refusal().0, 1);
    assert_eq!(counts(&desk, "strange.csv", &["--source", "x", "--unknown", "custom"])[1], 1);
    assert_eq!(show(&desk, "a@example.com")["custom"]["shoe_size"], "43");
}

#[test]
fn a_dry_run_needs_no_database() {
    let desk = Desk::bare();
    desk.write("rows.csv", "name,email\nAli,a@example.com\nBo,b@\n");
    let import = ["contacts", "import", "rows.csv", "--source", "x", "--dry-run", "--json"];
    let answer = desk.run(&import).object();
    assert_eq!(answer["rows"], 2);
    assert_eq!((&answer["valid"], &answer["rejected"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_large_file_goes_through_in_batches() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let mut file = std::fs::File::create(desk.path("large.csv")).unwrap();
    table::write(&mut file, 5000).unwrap();
    assert_eq!(counts(&desk, "large.csv", &[]), [5000, 5000, 0, 0, 0]);
    assert_eq!(counts(&desk, "large.csv", &[]), [5000, 0, 0, 5000, 0]);
    assert_eq!(deployment.operator.count_contacts().await.unwrap(), 5000);
}

#[tokio::test]
async fn an_import_says_who_cannot_be_written_to_for_want_of_a_basis() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment).with("TOUCHLINE__TEAM__NAME", "Palm Realty");
    desk.write(
        "people.csv",
        "name,email,mobile,country,source\nAli,ali@example.com,,AE,web\n\
         Anna,anna@example.com,,DE,web\nJo,jo@example.com,+12125550123,US,web\n",
    );
    let import = || desk.run(&["contacts", "import", "people.csv", "--json"]).object();
    assert_eq!(import()["without_basis"], json!({ "email": 1, "sms": 1 }));
    let text = desk.run(&["contacts", "import", "people.csv"]).out;
    assert!(text.contains("1 cannot be written to by email, 1 not by text"), "{text}");
    desk.write("c.csv", "email,given_at\nanna@example.com,2026-06-01\n");
    let consents =
        ["consents", "import", "c.csv", "--channel", "email", "--wording", "Write to me"];
    let further = ["--act", "ticked a box", "--source", "web"];
    assert_eq!(desk.run(&[&consents[..], &further].concat()).code, 0);
    assert_eq!(import()["without_basis"], json!({ "email": 0, "sms": 1 }));
}

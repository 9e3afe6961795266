//! V-9, keyed hashes and tokens.

use domain::token::{BadToken, Purpose, TokenKeys, UnsubscribeToken};
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel, TouchId};
use proptest::prelude::*;

const SECRET: &[u8] = b"test-vector-key-do-not-use";
const PAYLOAD: &str =
    r#"{"v":1,"k":"k1","t":"tnt_1","c":"con_42","ch":"email","s":"all","m":"msg_9"}"#;
const TOKEN: &str = concat!(
    "eyJ2IjoxLCJrIjoiazEiLCJ0IjoidG50XzEiLCJjIjoiY29uXzQyIiwiY2giOiJlbWFpbCIsInMiOiJhbGwiLCJtIjoi",
    "bXNnXzkifQ.3JlSDLgYukvT2pDsgBMAha_mxhoS0dw1aj4-t0WxuGs"
);

fn keys() -> TokenKeys {
    TokenKeys::new("k1", SECRET)
}

fn unsubscribe_token() -> UnsubscribeToken {
    UnsubscribeToken {
        address_key: AddressKeyer::new(SECRET).key(AddressKind::Email, "alice@example.com"),
        channel: ContactChannel::Email,
        touch: Some("019c0000-0000-7000-8000-000000000009".parse().unwrap()),
    }
}

#[test]
fn every_keyed_hash_of_v9_holds() {
    let keyer = AddressKeyer::new(SECRET);
    for (kind, normalised, hash) in [
        (
            AddressKind::Email,
            "alice@example.com",
            "d5039b5615fe91ce27f3994ec9556a55be3e93bd48cceab10eb4d84748b35e6e",
        ),
        (
            AddressKind::Phone,
            "+971501234567",
            "2d1eb23a0061b0075d697aa9829480b1a8041eaddf531413140be475feb5985a",
        ),
        (
            AddressKind::Phone,
            "+14155552671",
            "267ee043f830cac325ce17771083a533134c6608169525b98b2ee900db566172",
        ),
    ] {
        assert_eq!(keyer.key(kind, normalised).to_hex(), hash);
    }
}

#[test]
fn the_token_of_v9_is_made_and_verified() {
    assert_eq!(keys().sign(Purpose::Unsubscribe, PAYLOAD), TOKEN);
    assert_eq!(keys().verify(Purpose::Unsubscribe, TOKEN).as_deref(), Ok(PAYLOAD));
}

#[test]
fn every_tampering_of_v9_gets_the_same_answer() {
    let refused = |token: &str| keys().verify(Purpose::Unsubscribe, token) == Err(BadToken);
    for position in 0..TOKEN.len() {
        for other in ['A', 'B', '_', '.', '=', '\n'] {
            let mut changed: Vec<char> = TOKEN.chars().collect();
            if changed[position] != other {
                changed[position] = other;
                let changed: String = changed.into_iter().collect();
                assert!(refused(&changed), "position {position} as {other:?}");
            }
        }
        assert!(refused(&TOKEN[..position]), "cut at {position}");
    }
    assert!(refused(&keys().sign(Purpose::Click, PAYLOAD)), "made for another purpose");
    assert!(refused(""), "empty");
    assert!(refused("."), "a dot alone");
    assert!(refused(&format!("{TOKEN}=")), "padded");
    assert!(refused(&format!("{TOKEN}.{TOKEN}")), "two in one");
    assert!(refused(&"A".repeat(1 << 20)), "endless");
    assert!(refused("é.ü"), "not ASCII");
}

#[test]
fn an_unsubscribe_token_has_the_payload_of_the_contract() {
    let token = unsubscribe_token().encode(&keys());
    let payload = keys().verify(Purpose::Unsubscribe, &token).unwrap();
    assert_eq!(
        payload,
        concat!(
            r#"{"v":1,"k":"k1","a":"1QObVhX-kc4n85lOyVVqVb4-k71IzOqxDrTYR0izXm4","#,
            r#""ch":"email","s":"all","m":"019c0000-0000-7000-8000-000000000009"}"#
        )
    );
    assert_eq!(UnsubscribeToken::decode(&keys(), &token), Ok(unsubscribe_token()));
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
    assert!(token.len() <= 300, "{} bytes in every link", token.len());
}

#[test]
fn a_link_made_outside_of_a_touch_names_none() {
    let token = UnsubscribeToken { touch: None, ..unsubscribe_token() };
    assert_eq!(UnsubscribeToken::decode(&keys(), &token.encode(&keys())), Ok(token));
}

#[test]
fn a_token_outlives_three_changes_of_the_key() {
    let token = unsubscribe_token().encode(&keys());
    let rotated = TokenKeys::new("k4", b"fourth").with_old(b"third").with_old(b"second");
    assert_eq!(UnsubscribeToken::decode(&rotated, &token), Err(BadToken));
    let rotated = rotated.with_old(SECRET);
    assert_eq!(UnsubscribeToken::decode(&rotated, &token), Ok(unsubscribe_token()));
    let fresh = unsubscribe_token().encode(&rotated);
    assert_eq!(UnsubscribeToken::decode(&keys(), &fresh), Err(BadToken), "old keys never sign");
}

#[test]
fn a_payload_that_is_signed_but_says_nothing_known_is_refused() {
    for payload in [
        "",
        "null",
        "{}",
        PAYLOAD,
        r#"{"v":2,"k":"k1","a":"1QObVhX-kc4n85lOyVVqVb4-k71IzOqxDrTYR0izXm4","ch":"email","s":"all"}"#,
        r#"{"v":1,"k":"k1","a":"1QObVhX","ch":"email","s":"all"}"#,
        r#"{"v":1,"k":"k1","a":"1QObVhX-kc4n85lOyVVqVb4-k71IzOqxDrTYR0izXm4","ch":"fax","s":"all"}"#,
    ] {
        let token = keys().sign(Purpose::Unsubscribe, payload);
        assert_eq!(UnsubscribeToken::decode(&keys(), &token), Err(BadToken), "{payload}");
    }
}

#[test]
fn a_hundred_thousand_flipped_bits_open_nothing() {
    let keys = keys();
    let good = unsubscribe_token().encode(&keys);
    // One bit each, then two, three … of every distance (compliance.md SEC-01).
    let bits = good.len() * 8;
    let mut flipped = 0_u32;
    for distance in 0.. {
        for at in 0..bits {
            let mut bytes = good.clone().into_bytes();
            for bit in [at, (at + distance) % bits] {
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            if distance == 0 {
                bytes[at / 8] ^= 1 << (at % 8);
            }
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert_ne!(changed, good);
            assert!(UnsubscribeToken::decode(&keys, &changed).is_err(), "{changed}");
            flipped += 1;
        }
        if flipped >= 100_000 {
            break;
        }
    }
}

#[test]
fn keys_show_no_secret() {
    let keys = keys().with_old(b"older");
    assert_eq!(format!("{keys:?}"), "TokenKeys(k1, 1 old)");
}

fn purpose() -> impl Strategy<Value = Purpose> {
    proptest::sample::select(Purpose::ALL)
}

proptest! {
    #[test]
    fn what_is_signed_verifies_for_its_purpose_alone(
        payload in "\\PC{0,200}", made_for in purpose(), used_for in purpose(),
    ) {
        let token = keys().sign(made_for, &payload);
        let expected = if made_for == used_for { Ok(payload) } else { Err(BadToken) };
        prop_assert_eq!(keys().verify(used_for, &token), expected);
    }

    #[test]
    fn any_flipped_bit_is_refused(
        key in any::<[u8; 32]>(), at in any::<prop::sample::Index>(), bit in 0..7,
    ) {
        let token = UnsubscribeToken {
            address_key: AddressKey::from_bytes(&key).unwrap(),
            channel: ContactChannel::Sms,
            touch: Some(TouchId::new()),
        };
        let mut bytes = token.encode(&keys()).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit; // Below bit 7, so that it stays ASCII.
        let flipped = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(UnsubscribeToken::decode(&keys(), &flipped), Err(BadToken));
    }

    #[test]
    fn any_shortened_token_is_refused(cut in any::<prop::sample::Index>()) {
        let token = unsubscribe_token().encode(&keys());
        let shortened = &token[..cut.index(token.len())];
        prop_assert_eq!(UnsubscribeToken::decode(&keys(), shortened), Err(BadToken));
    }

    #[test]
    fn nothing_made_up_is_accepted(token in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,60}") {
        prop_assert_eq!(keys().verify(Purpose::Unsubscribe, &token), Err(BadToken));
    }
}

//! Sends the same bodies to boileroom's client and to our check of what that client can read, and compares the two.

use bytes::Bytes;
use hydrotest::prediction::{Prediction, Record, Value};
use hydrotest::tensor::Tensor;
use hydrotest::wire::envelope::{EnvelopeReader, seal};
use hydrotest::wire::readable::obstacles;
use hydrotest::wire::{ResponseLimits, Secret, pickle};
use serde_json::Value as Json;

use crate::client;

/// A body, what it demonstrates, and whether boileroom's client reads it.
struct Case {
    shows: &'static str,
    body: String,
    is_read: bool,
}

fn output(value: Value) -> Prediction {
    let options = Value::Map(vec![(Value::Text("value".into()), value)]);
    Prediction {
        class: "boileroom.testing.fake_core.HealthcheckOutput".into(),
        fields: vec![("status".into(), Value::Text("ok".into())), ("options".into(), options)],
    }
}

fn cases(secret: &str) -> Vec<Case> {
    let tensor = || Tensor::vector(&[1.5_f32, 2.5]);
    let sealed = |payload: &[u8]| String::from_utf8(seal(payload, secret)).unwrap();
    let sent = |value| sealed(&pickle::encode_prediction(&output(value)).unwrap());
    let plain = sent(Value::Array(tensor()));
    let (head, rest) = plain.split_once("\",\"hmac\":\"").unwrap();
    let (digits, signature) = (head.strip_prefix("{\"pickled\":\"").unwrap(), rest.trim_end_matches("\"}"));
    let foreign = Value::Record(Record { class: "nowhere.Score".into(), fields: Vec::new() });
    let case = |is_read, shows, body| Case { shows, body, is_read };
    let raw = |payload: &[u8]| sealed(payload);
    vec![
        case(true, "a plain response", plain.clone()),
        case(true, "bfloat16, which torch has", sent(Value::Array(Tensor::vector(&[half::bf16::ONE])))),
        case(true, "unknown keys", plain.replacen('{', "{\"took\":1.5,", 1)),
        case(
            true,
            "line breaks in base64",
            plain.replace(digits, &format!("{}\\n{}\\r\\n", &digits[..40], &digits[40..])),
        ),
        case(
            true,
            "protocol 2",
            raw(b"\x80\x02cboileroom.testing.fake_core\nHealthcheckOutput\n)\x81}X\x06\0\0\0statusX\x02\0\0\0oksb."),
        ),
        case(false, "a tensor on a GPU", sent(Value::Array(tensor().on_device("cuda:0".into())))),
        case(false, "a tensor on another device", sent(Value::Array(tensor().on_device("mps".into())))),
        case(false, "no signature", plain.replace("\"hmac\"", "\"mac\"")),
        case(false, "no payload", plain.replace("\"pickled\"", "\"payload\"")),
        case(false, "a signature in capitals", plain.replace(signature, &signature.to_uppercase())),
        case(false, "another secret's signature", String::from_utf8(seal(b"\x80\x04N.", "another secret")).unwrap()),
        case(false, "a payload that was changed", plain.replacen("gA", "gB", 1)),
        case(false, "base64 for addresses", sealed(&[0xff; 9]).replace('/', "_")),
        case(false, "base64 without padding", raw(b"\x80\x04N.").replace('=', "")),
        case(false, "a pickle of protocol 6", raw(b"\x80\x06N.")),
        case(false, "a pickle that is cut off", raw(b"\x80\x04]")),
        case(false, "an unknown instruction", raw(b"\x80\x04\xff.")),
        case(false, "a persistent object", raw(b"\x80\x04NQ.")),
        case(false, "a buffer that did not come along", raw(b"\x80\x05\x97.")),
        case(false, "a memo entry that does not exist", raw(b"\x80\x04h\x05.")),
        case(false, "a class that boileroom does not have", sent(foreign)),
        case(false, "no pickle", raw(b"{\"plddt\": 1}")),
    ]
}

/// Whether our check says that boileroom's client reads the body.
fn is_readable(body: &str, secret: &str) -> Result<(), String> {
    let mut reader = EnvelopeReader::new(&ResponseLimits::default(), secret, None);
    reader.push(body.as_bytes()).map_err(|error| error.to_string())?;
    let payload: Bytes = reader.finish().map_err(|error| error.to_string())?;
    let prediction =
        pickle::decode_prediction(&payload, None, &ResponseLimits::default()).map_err(|error| error.to_string())?;
    for (name, value) in &prediction.fields {
        if let Some(first) = obstacles(name, value).first() {
            return Err(format!("{} is {}", first.path, first.reason));
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs HYDROTEST_BOILEROOM"]
fn boileroom_reads_exactly_the_bodies_that_we_say_it_reads() {
    let secret = Secret::generate().unwrap();
    let cases = cases(secret.expose());
    let input: String = cases.iter().map(|case| case.body.clone() + "\n").collect();
    let responses = client(&secret, "read", &input);
    assert_eq!(responses.len(), cases.len());
    for (case, response) in cases.iter().zip(&responses) {
        assert_eq!(response == &Json::Null, case.is_read, "boileroom on {}: {response}", case.shows);
        let ours = is_readable(&case.body, secret.expose());
        assert_eq!(ours.is_ok(), case.is_read, "{}: {ours:?}, boileroom: {response}", case.shows);
    }
}

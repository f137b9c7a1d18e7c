//! The body of a call: judged as `FastAPI` and pydantic judge it, with their complaints, or read into a request.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::complaint::complaint;
use super::reply::Reply;
use crate::prediction::{Input, Method, Options, Request};

const STRING: (&str, &str) = ("string_type", "Input should be a valid string");
const LIST: (&str, &str) = ("list_type", "Input should be a valid list");
const DICT: (&str, &str) = ("dict_type", "Input should be a valid dictionary");
const OBJECT: &str = "Input should be a valid dictionary or object to extract fields from";

/// Reads a call, or says what is wrong with it.
pub(super) fn read(method: Method, content_type: Option<&str>, body: &[u8]) -> Result<Request, Reply> {
    if body.is_empty() {
        return Err(refuse(vec![entry(
            "missing",
            &json!(["body"]),
            "Field required",
            &Value::Null,
        )]));
    }
    let mut body = parse(content_type, body)?;
    let Some(object) = body.as_object_mut() else {
        return Err(refuse(vec![entry(
            "model_attributes_type",
            &json!(["body"]),
            OBJECT,
            &body,
        )]));
    };
    let mut complaints = Vec::new();
    match object.get("sequences") {
        None => {
            let place = json!(["body", "sequences"]);
            complaints.push(entry(
                "missing",
                &place,
                "Field required",
                &Value::Object(object.clone()),
            ));
        }
        Some(sequences) => judge_sequences(method, sequences, &mut complaints),
    }
    let options = object.get("options").unwrap_or(&Value::Null);
    if !options.is_null() && !options.is_object() {
        complaints.push(typed(DICT, &json!(["body", "options"]), options));
    }
    if !complaints.is_empty() {
        return Err(refuse(complaints));
    }
    Ok(Request {
        method,
        input: input(object),
        options: match object.remove("options") {
            Some(Value::Object(options)) => options,
            _ => Options::new(),
        },
    })
}

/// The body as JSON, or as one text when its type says that it is none.
fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Value, Reply> {
    if !is_json(content_type.unwrap_or_default()) {
        let text = std::str::from_utf8(body).map_err(|_| Reply::crash())?;
        return Ok(text.into());
    }
    let unreadable = || Reply::detail(StatusCode::BAD_REQUEST, "There was an error parsing the body");
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|_| match complaint(text) {
        None => unreadable(),
        Some(found) => {
            let place = json!(["body", found.position]);
            let mut entry = entry("json_invalid", &place, "JSON decode error", &json!({}));
            entry["ctx"] = json!({ "error": found.message });
            refuse(vec![entry])
        }
    })
}

/// `application/json` and `application/…+json`, whatever parameters follow.
fn is_json(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// The complaints of every form that sequences may have, when they have none of them.
fn judge_sequences(method: Method, sequences: &Value, complaints: &mut Vec<Value>) {
    let structured = method == Method::Fold;
    let fits = match sequences {
        Value::String(_) => true,
        Value::Object(_) => structured,
        Value::Array(items) => items.iter().all(Value::is_string) || structured && items.iter().all(Value::is_object),
        _ => false,
    };
    if fits {
        return;
    }
    complaints.push(typed(STRING, &form("str"), sequences));
    judge_items("list[str]", STRING, sequences, Value::is_string, complaints);
    if structured {
        if !sequences.is_object() {
            complaints.push(typed(DICT, &form("dict[str,any]"), sequences));
        }
        judge_items("list[dict[str,any]]", DICT, sequences, Value::is_object, complaints);
    }
}

fn judge_items(
    name: &str,
    expected: (&str, &str),
    sequences: &Value,
    fits: fn(&Value) -> bool,
    complaints: &mut Vec<Value>,
) {
    let Value::Array(items) = sequences else {
        complaints.push(typed(LIST, &form(name), sequences));
        return;
    };
    let wrong = items.iter().enumerate().filter(|(_, item)| !fits(item));
    complaints.extend(wrong.map(|(index, item)| typed(expected, &json!(["body", "sequences", name, index]), item)));
}

fn form(name: &str) -> Value {
    json!(["body", "sequences", name])
}

fn typed((kind, message): (&str, &str), place: &Value, input: &Value) -> Value {
    entry(kind, place, message, input)
}

fn entry(kind: &str, place: &Value, message: &str, input: &Value) -> Value {
    json!({ "type": kind, "loc": place, "msg": message, "input": input })
}

fn refuse(complaints: Vec<Value>) -> Reply {
    Reply::detail(StatusCode::UNPROCESSABLE_ENTITY, complaints)
}

/// The input of a body whose sequences have been judged.
fn input(body: &mut Map<String, Value>) -> Input {
    match body.remove("sequences").unwrap_or_default() {
        Value::String(text) => Input::One(text),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts = items.into_iter().filter_map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            });
            Input::Many(texts.collect())
        }
        other => Input::Structured(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(method: Method, body: &str) -> (u16, String) {
        let reply = read(method, Some("application/json"), body.as_bytes()).unwrap_err();
        (reply.status.as_u16(), String::from_utf8(reply.body.to_vec()).unwrap())
    }

    #[test]
    fn calls_are_read_in_every_form() {
        let read = |body: &str| read(Method::Fold, Some("application/json; charset=utf-8"), body.as_bytes()).unwrap();
        assert_eq!(read(r#"{"sequences":"AC","extra":1}"#).input, Input::One("AC".into()));
        let many = read("\u{feff}{\"sequences\":[\"A\",\"C\"],\"options\":null}");
        assert_eq!(many.input, Input::Many(vec!["A".into(), "C".into()]));
        assert_eq!(many.options, Options::new());
        let structured = read(r#"{"sequences":[{"kind":"x"}],"options":{"seed":1}}"#);
        assert_eq!(structured.input, Input::Structured(json!([{"kind": "x"}])));
        assert_eq!(structured.options["seed"], 1);
        assert_eq!(read(r#"{"sequences":[]}"#).input, Input::Many(Vec::new()));
    }

    #[test]
    fn complaints_are_worded_as_fastapi_words_them() {
        let missing = r#"{"detail":[{"type":"missing","loc":["body","sequences"],"msg":"Field required","input":{"options":2}},{"type":"dict_type","loc":["body","options"],"msg":"Input should be a valid dictionary","input":2}]}"#;
        assert_eq!(refusal(Method::Fold, r#"{"options":2}"#), (422, missing.into()));
        let mixed = r#"{"detail":[{"type":"string_type","loc":["body","sequences","str"],"msg":"Input should be a valid string","input":["A",{"k":1}]},{"type":"string_type","loc":["body","sequences","list[str]",1],"msg":"Input should be a valid string","input":{"k":1}},{"type":"dict_type","loc":["body","sequences","dict[str,any]"],"msg":"Input should be a valid dictionary","input":["A",{"k":1}]},{"type":"dict_type","loc":["body","sequences","list[dict[str,any]]",0],"msg":"Input should be a valid dictionary","input":"A"}]}"#;
        assert_eq!(
            refusal(Method::Fold, r#"{"sequences":["A",{"k":1}]}"#),
            (422, mixed.into())
        );
        let object = r#"{"detail":[{"type":"string_type","loc":["body","sequences","str"],"msg":"Input should be a valid string","input":{}},{"type":"list_type","loc":["body","sequences","list[str]"],"msg":"Input should be a valid list","input":{}}]}"#;
        assert_eq!(refusal(Method::Embed, r#"{"sequences":{}}"#), (422, object.into()));
        let malformed = r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}]}"#;
        assert_eq!(refusal(Method::Embed, "["), (422, malformed.into()));
    }

    #[test]
    fn a_body_of_another_type_is_one_text() {
        let reply = read(Method::Fold, None, br#"{"sequences":"A"}"#).unwrap_err();
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(text.contains("model_attributes_type") && text.contains(r#""input":"{\"sequences\":\"A\"}""#));
        assert_eq!(read(Method::Fold, None, b"\xff").unwrap_err(), Reply::crash());
    }

    #[test]
    fn a_body_that_is_no_text_or_too_deep_cannot_be_parsed() {
        let unreadable = r#"{"detail":"There was an error parsing the body"}"#;
        assert_eq!(refusal(Method::Fold, &"[".repeat(100_000)), (400, unreadable.into()));
        let reply = read(Method::Fold, Some("application/json"), b"{\"sequences\":\"\xff\"}").unwrap_err();
        assert_eq!(reply.status, 400);
    }
}

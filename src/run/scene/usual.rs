//! The scenes in which nothing goes wrong: what is done twice, too early, or side by side.

use super::stage::{Halt, Stage, wrong};

pub(super) async fn start_twice(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    stage.start(&instance, "the first start").await?;
    stage.responses(&instance, "after the first start").await?;
    let before = stage.resources(&instance, "after the first start").await?;
    stage.start(&instance, "the second start").await?;
    let after = stage.resources(&instance, "after the second start").await?;
    if let Some(gone) = before.difference(&after).next() {
        let came = format_args!("a platform on which {gone} is gone");
        return Err(wrong(
            "after the second start",
            "a second start that does nothing",
            came,
        ));
    }
    stage.responses(&instance, "after the second start").await?;
    // Whatever a second start had started besides is still there after one stop, and a leak.
    stage.stop(&instance, "the stop after two starts").await
}

pub(super) async fn stop_twice(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    stage.start(&instance, "the start").await?;
    stage.responses(&instance, "after the start").await?;
    stage.stop(&instance, "the first stop").await?;
    stage.stop(&instance, "the second stop").await?;
    stage.start(&instance, "a start after two stops").await?;
    stage
        .responses(&instance, "after the start that followed two stops")
        .await?;
    stage.stop(&instance, "the last stop").await
}

pub(super) async fn stop_before_start(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    stage.stop(&instance, "a stop before any start").await?;
    stage.start(&instance, "the start after a stop").await?;
    stage
        .responses(&instance, "after the start that followed a stop")
        .await?;
    stage.stop(&instance, "the last stop").await
}

pub(super) async fn use_before_start(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    stage.is_down(&instance, "a call before any start").await?;
    let made = stage.resources(&instance, "after a call before any start").await?;
    if let Some(thing) = made.first() {
        return Err(wrong("a call before any start", "nothing to be made by it", thing));
    }
    stage
        .start(&instance, "the start after a call that came too early")
        .await?;
    stage.responses(&instance, "after the start").await?;
    stage.stop(&instance, "the stop").await
}

pub(super) async fn two_at_once(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let (one, other) = (stage.open().await?, stage.open().await?);
    let both = "the start of two instances at once";
    let (started, also_started) = tokio::join!(stage.start(&one, both), stage.start(&other, both));
    started.and(also_started)?;
    let of_one = stage.resources(&one, "while two run").await?;
    let of_other = stage.resources(&other, "while two run").await?;
    if let Some(shared) = of_one.intersection(&of_other).next() {
        return Err(wrong(
            "while two run",
            "each to have its own",
            format_args!("{shared} of both"),
        ));
    }
    let (first, second) = tokio::join!(stage.ask(&one), stage.ask(&other));
    for response in [first?, second?] {
        match response {
            Ok(prediction) => stage.keep(prediction)?,
            Err(error) => return Err(wrong("two calls at once", "an answer to each", error)),
        }
    }
    stage.stop(&one, "the stop of one of two").await?;
    stage.responses(&other, "after the stop of the other").await?;
    stage.is_down(&one, "after its stop, while the other runs").await?;
    stage.stop(&other, "the stop of the other").await
}

//! Stopping in order: nothing is lost, doubled or put in doubt.

use std::time::Duration;

use domain::Channel;
use testkit::smtp_sink::{Action, Fault, Stage};
use tests::processes::{Program, Scene};

use super::ends;

#[tokio::test]
async fn services_that_are_asked_to_stop_under_load_leave_no_doubt() {
    let channels = [Channel::Email, Channel::Sms, Channel::Call];
    let scene = Scene::with(&channels, 150).await;
    scene.smtp.script(Fault::at(Stage::Dot, Action::Usual).delay(Duration::from_millis(10)));
    let programs =
        [Program::Scheduler, Program::EmailWorker, Program::SmsWorker, Program::CallWorker];
    let mut fleet = programs.map(|program| scene.start(program));
    for accepted in [10, 40, 70, 100] {
        scene.smtp.wait_for(accepted).await;
        for process in &mut fleet {
            let status = process.terminate().await;
            assert!(status.success(), "{status}:\n{}", process.tail());
            *process = scene.start(process.program());
        }
    }
    for (channel, ends) in ends(&scene).await {
        let copies = usize::from(channel != Channel::Call);
        assert_eq!(ends.len(), 150);
        for end in ends {
            assert_eq!((end.state, end.doubts, end.copies), ("sent", 0, copies), "{channel}");
        }
    }
}

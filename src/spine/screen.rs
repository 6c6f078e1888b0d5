//! The terminal as the commands see it: the pieces of `report` joined into one
//! `Screen`.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use tokio::sync::oneshot;

use crate::cluster::Connection;
use crate::commands::doctor::DoctorFormat;
use crate::commands::flags::Format;
use crate::commands::runbook::flags::PlanFormat;
use crate::commands::screen::Screen;
use crate::commands::status::StatusFormat;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::Examined;
use crate::error::Failure;
use crate::facts::overview::Statuses;
use crate::objects::yaml::to_yaml;
use crate::report::ask::Person;
use crate::report::frame::Size;
use crate::report::output::{self, Output, OutputError};
use crate::report::progress::observers::{self, EventsTo};
use crate::report::style::Style;
use crate::report::terminal::Awaited;
use crate::report::watched::Watched;
use crate::report::{connection, escape, findings, plan as report_plan, run as report_run, status as report_status};
use crate::runs::event::{Event, Observer};
use crate::runs::plan::Plan;
use crate::runs::report::Report;
use crate::wizard::question::{Abandoned, Aside, Ask, Question, Reply};

/// The terminal of this process.
pub struct TerminalScreen {
    output: Mutex<Output>,
    person: Person,
    observer: Arc<dyn Observer>,
}

impl TerminalScreen {
    /// `events` is the value of `--events`.
    pub fn of_process(events: Option<&str>) -> Result<Self, Failure> {
        let events = events.map_or(Ok(EventsTo::People), str::parse);
        let events = events.map_err(|why| Failure::usage("bad-events", format!("`--events` {why}")))?;
        let observer = observers::observer(&events)?;
        Ok(Self { output: Mutex::new(Output::of_process()), person: Person::here(), observer })
    }

    /// A way to tell something from where no screen can be lent.
    pub fn teller(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let observer = Arc::clone(&self.observer);
        move |line| observer.event(Event::Note { text: line.to_owned() })
    }

    /// Shows the warnings that the server has sent since the last time.
    pub fn show_warnings(&self, connection: &Connection) {
        for text in connection.warnings.take() {
            self.event(Event::ServerWarning { text });
        }
    }

    /// The answer of `status`: the tree for people, or a document.
    pub fn show_status(&self, found: &Statuses, format: Option<StatusFormat>) -> Result<(), Failure> {
        let document = |format| (report_status::machine(found, format), format);
        let machine = match format {
            None | Some(StatusFormat::Wide) => None,
            Some(StatusFormat::Yaml) => Some(document(output::Format::Yaml)),
            Some(StatusFormat::Json) => Some(document(output::Format::Json)),
            Some(StatusFormat::Name) => Some(document(output::Format::Name)),
        };
        if machine.is_none()
            && let Some(line) = report_status::nothing_found(found)
        {
            self.tell(&line);
            return Ok(());
        }
        let written = self.output(|output| {
            if let Some((text, format)) = machine {
                return output.document(&text, format);
            }
            let wide = format == Some(StatusFormat::Wide);
            let text = report_status::tree(found, wide, &output.result);
            output.write(&text)
        });
        finished(written)
    }

    /// The picture of `status -w`, in place of the last one; false when nobody
    /// reads any more.
    pub fn show_watched(&self, watched: &mut Watched, found: &Statuses, wide: bool) -> Result<bool, Failure> {
        let written = self.output(|output| {
            let room = output.result.redraws.then(Size::of_stdout);
            let style = room.map_or(output.result, |size| Style { width: Some(size.columns), ..output.result });
            let text = report_status::nothing_found(found);
            let text = text.unwrap_or_else(|| report_status::tree(found, wide, &style));
            match room {
                Some(size) => output.draw(|out| watched.draw(out, &text, size)),
                None => watched.added(&text).map_or(Ok(()), |text| output.write(&text)),
            }
        });
        anybody_reads(written)
    }

    /// The picture stays; above it stands why it is not a new one.
    pub fn show_still_watched(&self, watched: &mut Watched, why: &Failure) -> Result<bool, Failure> {
        let line = format!("not up to date: {}; looking again", escape::escape(&why.message));
        let written = self.output(|output| match output.result.redraws.then(Size::of_stdout) {
            Some(size) => output.draw(|out| watched.draw_note(out, &line, size)),
            None => watched.added(&format!("{line}\n")).map_or(Ok(()), |text| output.write(&text)),
        });
        anybody_reads(written)
    }

    /// The answer of `doctor`; `line` makes a command of a finding one to type here.
    pub fn show_findings(
        &self,
        examined: &Examined,
        format: Option<DoctorFormat>,
        line: &dyn Fn(&Command) -> Option<String>,
    ) -> Result<(), Failure> {
        let told: Vec<findings::Told<'_>> =
            examined.findings.iter().map(|finding| (finding, finding.command.as_ref().and_then(line))).collect();
        let document = || findings::document(&told, examined);
        let written = self.output(|output| match format {
            Some(DoctorFormat::Yaml) => output.document(&to_yaml(&document()), output::Format::Yaml),
            Some(DoctorFormat::Json) => output.document(&format!("{:#}\n", document()), output::Format::Json),
            None => {
                let text = findings::text(&told, examined, &output.result);
                output.write(&text)
            }
        });
        finished(written)?;
        if format.is_none() {
            let unknown = findings::unknown(examined).into_iter();
            for line in unknown.chain(examined.notes.iter().cloned()).chain([findings::summary(examined)]) {
                self.tell(&line);
            }
        }
        Ok(())
    }

    /// What a run did.
    pub fn show_report(&self, found: &Report, format: Option<PlanFormat>) -> Result<(), Failure> {
        let document = || serde_json::to_value(found).unwrap_or_default();
        finished(self.output(|output| match format {
            Some(PlanFormat::Yaml) => output.document(&to_yaml(&document()), output::Format::Yaml),
            Some(PlanFormat::Json) => output.document(&format!("{:#}\n", document()), output::Format::Json),
            None => {
                let text = report_run::render(found, &output.result);
                output.write(&text)
            }
        }))
    }

    fn output<R>(&self, with: impl FnOnce(&mut Output) -> R) -> R {
        with(&mut self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ask for TerminalScreen {
    fn can_ask(&self) -> bool {
        self.person.can_ask()
    }

    fn ask(&self, question: &Question<'_>) -> Result<Reply, Abandoned> {
        self.person.ask(question)
    }

    /// The terminal is read on a thread of its own.
    fn ask_aside(&self, question: Aside) -> LocalBoxFuture<'_, Result<Reply, Abandoned>> {
        let (reply, answer) = oneshot::channel();
        let person = self.person;
        let asking = std::thread::Builder::new().name("question".to_owned()).spawn(move || {
            // Nobody may be left to take the answer.
            let _ = reply.send(person.ask(&question.question()));
        });
        async move {
            let _awaited = Awaited::begin();
            match asking {
                Ok(_) => answer.await.unwrap_or(Err(Abandoned)),
                Err(_) => Err(Abandoned),
            }
        }
        .boxed_local()
    }
}

impl Observer for TerminalScreen {
    fn event(&self, event: Event) {
        self.observer.event(event);
    }
}

fn anybody_reads(written: Result<(), OutputError>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) => error.into_failure().map_or(Ok(false), Err),
    }
}

/// A reader who has gone away has seen enough; a full disk has not.
fn finished(written: Result<(), OutputError>) -> Result<(), Failure> {
    written.or_else(|error| error.into_failure().map_or(Ok(()), Err))
}

impl Screen for TerminalScreen {
    fn print(&self, text: &str) -> Result<(), Failure> {
        finished(self.output(|output| output.write(&escape::escape_lines(text))))
    }

    fn document(&self, text: &str, format: Format) -> Result<(), Failure> {
        let format = match format {
            Format::Yaml => output::Format::Yaml,
            Format::Json => output::Format::Json,
            Format::Name => output::Format::Name,
        };
        finished(self.output(|output| output.document(text, format)))
    }

    fn show(&self, text: &str) {
        self.output(|output| output.tell(&escape::escape_lines(text)));
    }

    fn plan(&self, plan: &Plan, format: Option<PlanFormat>) -> Result<(), Failure> {
        let document = || serde_json::to_value(plan).unwrap_or_default();
        finished(self.output(|output| match format {
            Some(PlanFormat::Yaml) => output.document(&to_yaml(&document()), output::Format::Yaml),
            Some(PlanFormat::Json) => output.document(&format!("{:#}\n", document()), output::Format::Json),
            None => {
                let text = report_plan::render(plan, &output.result);
                output.write(&text)
            }
        }))
    }

    fn labelled(&self, lines: &[(String, String)]) -> Result<(), Failure> {
        finished(self.output(|output| {
            let text = connection::render(lines, &output.result);
            output.write(&text)
        }))
    }
}

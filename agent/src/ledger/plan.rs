//! How a page reaches the flash: the steps as data, so that what is performed is what is tried under power cuts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file of the page's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The page in force.
    Page,
    /// The next one, being written beside it.
    New,
    /// One that was no page.
    Bad,
}

/// One thing asked of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An empty file of this name; what was there is gone.
    Create(Name),
    /// The whole page into it.
    Write(Name),
    /// Its content is on the flash before the next step.
    Sync(Name),
    /// It takes the name of another, which is gone.
    Rename(Name, Name),
    /// Names are on the flash before the next step.
    SyncDir,
}

/// A page, written beside the old one and then put in its place: at every moment one of the two is whole.
pub const STORE: [Step; 5] = [
    Step::Create(Name::New),
    Step::Write(Name::New),
    // Before the rename: a new name for a page that is not on the flash would be an empty ledger after a power cut.
    Step::Sync(Name::New),
    Step::Rename(Name::New, Name::Page),
    // Before the order is told as kept: after a power cut the old page would still bear the name.
    Step::SyncDir,
];

/// Where the names are: one real directory.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The page's path; the others are named after it.
    pub path: PathBuf,
}

impl Desk {
    /// The path of a name.
    #[must_use]
    pub fn at(&self, name: Name) -> PathBuf {
        let ending = match name {
            Name::Page => "",
            Name::New => ".new",
            Name::Bad => ".bad",
        };
        let mut path = self.path.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// Performs the steps in order, up to the first that fails.
    ///
    /// # Errors
    /// The file system refused; the steps after it were not tried.
    pub fn perform(&self, steps: &[Step], page: &[u8]) -> io::Result<()> {
        // Kept open from its creation to its sync: what a sync of another handle does is not written anywhere.
        let mut open: Option<File> = None;
        for step in steps {
            match *step {
                Step::Create(name) => open = Some(File::create(self.at(name))?),
                Step::Write(_) => opened(&mut open)?.write_all(page)?,
                Step::Sync(_) => opened(&mut open)?.sync_all()?,
                Step::Rename(from, to) => fs::rename(self.at(from), self.at(to))?,
                Step::SyncDir => self.dir().and_then(|dir| dir.sync_all())?,
            }
        }
        Ok(())
    }

    fn dir(&self) -> io::Result<File> {
        File::open(self.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

fn opened(open: &mut Option<File>) -> io::Result<&mut File> {
    open.as_mut().ok_or_else(|| io::Error::other("written before it was created"))
}

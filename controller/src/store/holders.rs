//! Who works on a database that several controllers may share: each holder counts on in a row of its
//! own, so that one that was killed is told by a row that stands still, whatever anybody's clock says.
//! Without advisory locks, which not every database that speaks PostgreSQL's protocol has.

use super::open::Store;
use super::repository::Result;
use super::sql::args;
use super::write::write;

/// What a holder does with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It serves.
    Serving,
    /// It replaces everything by what a backup holds.
    Restoring,
}

impl Work {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Restoring => "restoring",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Serving, Self::Restoring].into_iter().find(|work| work.as_str() == word)
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Made by the holder.
    pub id: [u8; 16],
    /// What it does.
    pub work: Work,
    /// On which host, for people.
    pub host: String,
    /// Counts on for as long as it lives.
    pub beat: i64,
}

impl Store {
    /// Enters a holder.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn enter(&self, holder: &Holder) -> Result<()> {
        write!(self, "enter who works on the database", |session| {
            session
                .execute(
                    "INSERT INTO holders (id, work, host, beat) VALUES ($1, $2, $3, $4)",
                    args![
                        holder.id.as_slice(),
                        holder.work.as_str(),
                        holder.host.as_str(),
                        holder.beat
                    ],
                )
                .await?;
        })
    }

    /// Counts a holder on; false if it was struck out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn beat(&self, id: [u8; 16]) -> Result<bool> {
        write!(self, "tell that this controller works on the database", |session| {
            let sql = "UPDATE holders SET beat = beat + 1 WHERE id = $1";
            session.execute(sql, args![id.as_slice()]).await? > 0
        })
    }

    /// Everybody who is entered.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn holders(&self) -> Result<Vec<Holder>> {
        self.read("look who works on the database")
            .await?
            .rows("SELECT id, work, host, beat FROM holders ORDER BY id", Vec::new())
            .await?
            .iter()
            .map(|row| {
                Ok(Holder {
                    id: row.id(0, |bytes| bytes.try_into().ok())?,
                    work: row.word(1, "what a holder does", Work::parse)?,
                    host: row.text(2)?,
                    beat: row.int(3)?,
                })
            })
            .collect()
    }

    /// Strikes a holder out, if it has not counted on since.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn strike_out(&self, holder: &Holder) -> Result<()> {
        write!(self, "strike out who works on the database", |session| {
            let sql = "DELETE FROM holders WHERE id = $1 AND beat = $2";
            session.execute(sql, args![holder.id.as_slice(), holder.beat]).await?;
        })
    }

    /// Strikes oneself out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn leave(&self, id: [u8; 16]) -> Result<()> {
        write!(self, "leave the database", |session| {
            session.execute("DELETE FROM holders WHERE id = $1", args![id.as_slice()]).await?;
        })
    }

    /// Whether there is anything in it that a restore would replace.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn holds_anything(&self) -> Result<bool> {
        let mut session = self.read("look whether the database is empty").await?;
        for table in ["operators", "agents", "tickets", "snapshots", "tokens", "audit"] {
            let sql = format!("SELECT 1 FROM {table} LIMIT 1");
            if session.row(sql, Vec::new()).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

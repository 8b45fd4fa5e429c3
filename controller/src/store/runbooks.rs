//! Trust roots, catalogues, and what people say to jobs. What came of causes and fixes is counted in [`super::effects`].

use befund_model::Timestamp;
use befund_model::api::CauseEffect;
use befund_model::audit::By;
use befund_model::id::{AgentId, JobId};
use befund_model::job::Said;
use serde_json::json;

use super::open::Store;
use super::repository::{Digest, KeptCatalogue, KeptRoot, Result, Runbooks, StoreError, Unheard};
use super::sql::{Row, Value, args, corrupt, to_json};
use super::write::write;
use super::{audit, bulk, effects, jobs};

/// How many agents are looked after in one statement.
const LOOK_UP: usize = 256;
/// The most things that may be said to one job.
const MOST_SAID: i64 = 1_000;
const CATALOGUE: &str = "version, digest, manifest, signatures, at, published_by";

impl Runbooks for Store {
    async fn keep_root(&self, root: &KeptRoot, by: &By, at: Timestamp) -> Result<()> {
        write!(self, "keep a trust root", |session| {
            let last = session
                .row(
                    "SELECT version, bytes FROM trust_roots ORDER BY version DESC LIMIT 1",
                    args![],
                )
                .await?;
            if let Some(last) = last {
                let version = last.int(0)?;
                if version == i64::from(root.version) && last.blob(1)? == root.bytes {
                    return Ok(());
                }
                if version + 1 != i64::from(root.version) {
                    let name = format!("{} after {version}", root.version);
                    return Err(StoreError::OutOfTurn { what: "trust root", name });
                }
            }
            let detail = json!({ "version": root.version });
            audit::entry(session, "trust_root.add", "trust_root", &detail, by, at).await?;
            session
                .execute(
                    "INSERT INTO trust_roots (version, bytes, signatures, at, added_by) \
                     VALUES ($1, $2, $3, $4, $5)",
                    args![
                        root.version,
                        root.bytes.clone(),
                        to_json(&root.signatures, "a trust root's signatures")?,
                        at,
                        by.actor.name()
                    ],
                )
                .await?;
        })?;
        Ok(())
    }

    async fn roots(&self, after: u32) -> Result<Vec<KeptRoot>> {
        self.read("read trust roots")
            .await?
            .rows(
                "SELECT version, bytes, signatures FROM trust_roots WHERE version > $1 \
                 ORDER BY version",
                args![after],
            )
            .await?
            .iter()
            .map(|row| {
                Ok(KeptRoot {
                    version: count(row, 0)?,
                    bytes: row.blob(1)?,
                    signatures: row.json(2, "a trust root's signatures")?,
                })
            })
            .collect()
    }

    async fn keep_catalogue(
        &self,
        catalogue: &KeptCatalogue,
        files: &[(Digest, Vec<u8>)],
        by: &By,
        at: Timestamp,
    ) -> Result<()> {
        write!(self, "keep a catalogue", |session| {
            let last = session
                .row(
                    "SELECT version, digest FROM catalogues ORDER BY version DESC LIMIT 1",
                    args![],
                )
                .await?;
            if let Some(last) = last {
                if last.blob(1)? == catalogue.digest {
                    return Ok(());
                }
                let version = last.int(0)?;
                if version >= number(catalogue.version)? {
                    let name = format!("{} after {version}", catalogue.version);
                    return Err(StoreError::OutOfTurn { what: "catalogue", name });
                }
            }
            let hex = data_encoding::HEXLOWER.encode(&catalogue.digest);
            let detail = json!({ "version": catalogue.version, "sha256": hex });
            audit::entry(session, "catalogue.publish", "catalogue", &detail, by, at).await?;
            let rows =
                files.iter().map(|(digest, bytes)| args![digest.to_vec(), bytes.clone()]).collect();
            let head = "INSERT INTO catalogue_files (digest, bytes) VALUES";
            bulk::execute(session, head, rows, " ON CONFLICT (digest) DO NOTHING").await?;
            session
                .execute(
                    format!("INSERT INTO catalogues ({CATALOGUE}) VALUES ($1, $2, $3, $4, $5, $6)"),
                    args![
                        number(catalogue.version)?,
                        catalogue.digest.to_vec(),
                        catalogue.manifest.clone(),
                        to_json(&catalogue.signatures, "a catalogue's signatures")?,
                        at,
                        by.actor.name()
                    ],
                )
                .await?;
        })?;
        Ok(())
    }

    async fn catalogue(&self) -> Result<Option<KeptCatalogue>> {
        Ok(self.catalogues(1).await?.pop())
    }

    async fn catalogues(&self, limit: u32) -> Result<Vec<KeptCatalogue>> {
        let sql = format!("SELECT {CATALOGUE} FROM catalogues ORDER BY version DESC LIMIT $1");
        let rows = self.read("read catalogues").await?.rows(sql, args![limit]).await?;
        rows.iter().map(read_catalogue).collect()
    }

    async fn catalogue_file(&self, digest: Digest) -> Result<Option<Vec<u8>>> {
        self.read("read a catalogue's file")
            .await?
            .row("SELECT bytes FROM catalogue_files WHERE digest = $1", args![digest.to_vec()])
            .await?
            .map(|row| row.blob(0))
            .transpose()
    }

    async fn say(&self, job: JobId, said: &Said, by: &By, at: Timestamp) -> Result<u32> {
        let seq = write!(self, "keep what is said to a job", |session| {
            let found = jobs::found(session, job).await?;
            if found.state.is_final() {
                let name = format!("{job}, which has ended");
                return Err(StoreError::OutOfTurn { what: "word to job", name });
            }
            let row = session
                .row("SELECT COALESCE(MAX(seq), 0) FROM job_said WHERE job = $1", args![job])
                .await?;
            let seq = row.map_or(Ok(0), |row| row.int(0))? + 1;
            if seq > MOST_SAID {
                let name = format!("{job}, to which {MOST_SAID} were said");
                return Err(StoreError::OutOfTurn { what: "word to job", name });
            }
            let detail = json!({ "job": job, "said": said, "ticket": found.ticket });
            let object = format!("agent:{}", found.agent);
            audit::entry(session, "job.say", &object, &detail, by, at).await?;
            session
                .execute(
                    "INSERT INTO job_said (job, seq, body, at, said_by, heard) \
                     VALUES ($1, $2, $3, $4, $5, 0)",
                    args![job, seq, to_json(said, "what is said to a job")?, at, by.actor.name()],
                )
                .await?;
            seq
        })?;
        u32::try_from(seq).map_err(|_| corrupt("what is said to a job", "no number"))
    }

    async fn unheard(&self, agents: &[AgentId]) -> Result<Vec<Unheard>> {
        let mut unheard = Vec::new();
        if agents.is_empty() {
            return Ok(unheard);
        }
        let mut session = self.read("look for what is said to jobs").await?;
        for part in agents.chunks(LOOK_UP) {
            let (list, values) =
                bulk::list(1, part.iter().map(|agent| Value::from(*agent)).collect());
            let sql = format!(
                "SELECT j.agent, s.job, s.seq, s.body FROM job_said s JOIN jobs j ON j.id = s.job \
                 WHERE s.heard = 0 AND j.ended_at IS NULL AND j.agent IN {list} \
                 ORDER BY s.job, s.seq"
            );
            for row in session.rows(sql, values).await? {
                unheard.push(Unheard {
                    agent: row.id(0, AgentId::from_slice)?,
                    job: row.id(1, JobId::from_slice)?,
                    seq: count(&row, 2)?,
                    said: row.json(3, "what is said to a job")?,
                });
            }
        }
        Ok(unheard)
    }

    async fn heard(&self, agent: AgentId, job: JobId, seq: u32) -> Result<()> {
        write!(self, "note what a job has heard", |session| {
            session
                .execute(
                    "UPDATE job_said SET heard = 1 WHERE job = $1 AND seq = $2 AND heard = 0 \
                     AND EXISTS (SELECT 1 FROM jobs WHERE id = $1 AND agent = $3)",
                    args![job, seq, agent],
                )
                .await?;
        })?;
        Ok(())
    }

    async fn effects(&self, runbook: Option<&str>) -> Result<Vec<CauseEffect>> {
        effects::read(self, runbook).await
    }
}

fn read_catalogue(row: &Row) -> Result<KeptCatalogue> {
    let version = row.int(0)?;
    Ok(KeptCatalogue {
        version: u64::try_from(version).map_err(|_| corrupt("a catalogue", "no version"))?,
        digest: row
            .blob(1)?
            .try_into()
            .map_err(|_| corrupt("a catalogue", "its digest has not 32 bytes"))?,
        manifest: row.blob(2)?,
        signatures: row.json(3, "a catalogue's signatures")?,
        at: row.time(4)?,
        published_by: row.text(5)?,
    })
}

fn number(version: u64) -> Result<i64> {
    i64::try_from(version).map_err(|_| corrupt("a catalogue", "its version is too large"))
}

fn count(row: &Row, column: usize) -> Result<u32> {
    u32::try_from(row.int(column)?).map_err(|_| corrupt("a count", "it does not fit"))
}

//! Images that emails show. They are known by their content: the same file uploaded twice is one image.

use chrono::{DateTime, Utc};
use domain::image::{ImageName, ImageType};
use domain::{ImageId, Locale};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::words::word;
use crate::{Database, StorageError};

/// An image to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewImage<'a> {
    /// By its content.
    pub name: ImageName,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The file.
    pub content: &'a [u8],
    /// What people call it, and what it shows.
    pub words: ImageWords<'a>,
    /// Who uploads it.
    pub actor: &'a str,
}

/// What people call an image, and what it shows.
#[derive(Debug, Clone, Copy)]
pub struct ImageWords<'a> {
    /// Its name for people; not empty.
    pub title: &'a str,
    /// What it shows, in English; may be empty.
    pub alt_en: &'a str,
    /// The same in Arabic.
    pub alt_ar: &'a str,
}

/// An image without its content.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its identity.
    pub id: ImageId,
    /// By its content.
    pub name: ImageName,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bytes of the file.
    pub bytes: u32,
    /// What people call it.
    pub title: String,
    /// What it shows, in English; may be empty.
    pub alt_en: String,
    /// The same in Arabic.
    pub alt_ar: String,
    /// Who uploaded it.
    pub actor: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl Image {
    /// What it shows, in a language; may be empty.
    #[must_use]
    pub fn alt(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => &self.alt_en,
            Locale::Ar => &self.alt_ar,
        }
    }
}

const COLUMNS: &str = "id, sha256, kind::text AS kind, width, height, bytes, name, alt_en, alt_ar,
                       actor, created_at";

impl Database {
    /// Keeps an image, unless its content is there already. Returns its identity, and whether it is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store_image(&self, new: &NewImage<'_>) -> Result<(ImageId, bool), StorageError> {
        let size = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        let stored: Option<Uuid> = sqlx::query_scalar(
            "WITH kept AS (
                 INSERT INTO images (id, sha256, kind, width, height, bytes, name, alt_en, alt_ar, actor)
                 VALUES ($1, $2, $3::text::image_type, $4, $5, octet_length($6), $7, $8, $9, $10)
                 ON CONFLICT (sha256) DO NOTHING RETURNING id)
             INSERT INTO image_contents (image_id, content) SELECT id, $6 FROM kept
             RETURNING image_id",
        )
        .bind(ImageId::new().as_uuid())
        .bind(new.name.sha256.as_slice())
        .bind(new.name.kind.as_str())
        .bind(size(new.width))
        .bind(size(new.height))
        .bind(new.content)
        .bind(new.words.title)
        .bind(new.words.alt_en)
        .bind(new.words.alt_ar)
        .bind(new.actor)
        .fetch_optional(self.pool())
        .await?;
        if let Some(id) = stored {
            return Ok((id.into(), true));
        }
        let known: Uuid = sqlx::query_scalar("SELECT id FROM images WHERE sha256 = $1")
            .bind(new.name.sha256.as_slice())
            .fetch_one(self.pool())
            .await?;
        Ok((known.into(), false))
    }

    /// Every image, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn images(&self) -> Result<Vec<Image>, StorageError> {
        let statement = format!("SELECT {COLUMNS} FROM images ORDER BY created_at DESC, id DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.pool()).await?;
        rows.iter().map(image).collect()
    }

    /// One image.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn image(&self, id: ImageId) -> Result<Option<Image>, StorageError> {
        let statement = format!("SELECT {COLUMNS} FROM images WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(id.as_uuid())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(image).transpose()
    }

    /// The bytes of those of these images that are there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn image_sizes(
        &self,
        names: &[ImageName],
    ) -> Result<Vec<(ImageName, u32)>, StorageError> {
        let hashes: Vec<&[u8]> = names.iter().map(|name| name.sha256.as_slice()).collect();
        let rows = sqlx::query(
            "SELECT sha256, kind::text AS kind, bytes FROM images WHERE sha256 = ANY ($1)",
        )
        .bind(hashes)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok((name_of(row)?, positive(row, "bytes")?))).collect()
    }

    /// The file of an image.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn image_content(&self, name: ImageName) -> Result<Option<Vec<u8>>, StorageError> {
        let content = sqlx::query_scalar(
            "SELECT c.content FROM images i JOIN image_contents c ON c.image_id = i.id
              WHERE i.sha256 = $1 AND i.kind = $2::text::image_type",
        )
        .bind(name.sha256.as_slice())
        .bind(name.kind.as_str())
        .fetch_optional(self.pool())
        .await?;
        Ok(content)
    }

    /// Changes what people call an image, and what it shows. What was written into templates stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn describe_image(
        &self,
        id: ImageId,
        words: ImageWords<'_>,
    ) -> Result<(), StorageError> {
        sqlx::query("UPDATE images SET name = $2, alt_en = $3, alt_ar = $4 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(words.title)
            .bind(words.alt_en)
            .bind(words.alt_ar)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The templates that show an image: versions of those that are not retired, and drafts. Mail that
    /// was sent with an older version still shows it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn image_uses(&self, name: ImageName) -> Result<Vec<String>, StorageError> {
        let keys =
            sqlx::query_scalar(IMAGE_USES).bind(format!("%{name}%")).fetch_all(self.pool()).await?;
        Ok(keys)
    }

    /// Removes an image, unless a template shows it. Returns whether it was removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_image(&self, id: ImageId, name: ImageName) -> Result<bool, StorageError> {
        let statement = format!("DELETE FROM images WHERE id = $2 AND NOT EXISTS ({IMAGE_USES})");
        let done = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(format!("%{name}%"))
            .bind(id.as_uuid())
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

/// $1 the image's name, as it stands in templates
const IMAGE_USES: &str = "
    SELECT v.key FROM template_versions v WHERE v.source::text LIKE $1 AND NOT is_retired(v.key)
    UNION SELECT d.key FROM template_drafts d WHERE d.source::text LIKE $1 ORDER BY 1";

fn positive(row: &PgRow, column: &str) -> Result<u32, StorageError> {
    Ok(row.try_get::<i32, _>(column)?.unsigned_abs())
}

fn name_of(row: &PgRow) -> Result<ImageName, StorageError> {
    let sha256: &[u8] = row.try_get("sha256")?;
    let sha256 = sha256.try_into().map_err(|why| StorageError::unreadable("sha256", why))?;
    let kind: ImageType = word(row, "kind")?;
    Ok(ImageName { sha256, kind })
}

fn image(row: &PgRow) -> Result<Image, StorageError> {
    Ok(Image {
        id: row.try_get::<Uuid, _>("id")?.into(),
        name: name_of(row)?,
        width: positive(row, "width")?,
        height: positive(row, "height")?,
        bytes: positive(row, "bytes")?,
        title: row.try_get("name")?,
        alt_en: row.try_get("alt_en")?,
        alt_ar: row.try_get("alt_ar")?,
        actor: row.try_get("actor")?,
        created_at: row.try_get("created_at")?,
    })
}

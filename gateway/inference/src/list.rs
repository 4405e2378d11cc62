//! `GET /v1/models`: what the caller's key may use, in the shape that the caller reads.

use chrono::SecondsFormat;
use gateway_domain::{RequestId, ledger::Surface};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::{Plane, Reply, models::Model, refusal::Refusal};

/// How many models Anthropic's list has unless the caller says.
const PAGE: usize = 20;
const LONGEST_PAGE: usize = 1000;

impl Plane {
    /// The list of models, or one of them.
    pub async fn list(
        &self,
        id: RequestId,
        headers: &HeaderMap,
        query: Option<&str>,
        model: Option<&str>,
    ) -> Reply {
        let surface = surface_of(headers);
        let rights = match self.rights(headers, query).await {
            Ok(rights) => rights,
            Err(refusal) => return refusal.reply(surface, id),
        };
        self.ledger()
            .key_used(rights.account.key_id, self.ctx().now());
        let models = self.models();
        let body = if let Some(asked) = model {
            let Some(model) = models.get(asked) else {
                return Refusal::model_unknown(asked).reply(surface, id);
            };
            if !rights.allow(&model.id) {
                return Refusal::model_forbidden(&model.id).reply(surface, id);
            }
            self.shown(model, surface)
        } else {
            let allowed: Vec<&Model> = models
                .all
                .iter()
                .map(AsRef::as_ref)
                .filter(|model| rights.allow(&model.id))
                .collect();
            match surface {
                Surface::Messages => self.page(&allowed, query),
                _ => json!({
                    "object": "list",
                    "data": allowed.iter().map(|model| self.shown(model, surface)).collect::<Value>(),
                }),
            }
        };
        let mut reply = Reply::whole(StatusCode::OK, id, body.to_string().into()).json();
        reply.for_surface(surface, id);
        reply
    }

    fn shown(&self, model: &Model, surface: Surface) -> Value {
        match surface {
            Surface::Messages => json!({
                "type": "model",
                "id": model.id,
                "display_name": model.name,
                "created_at": self.opened().to_rfc3339_opts(SecondsFormat::Secs, true),
            }),
            _ => json!({
                "id": model.id,
                "object": "model",
                "created": self.opened().timestamp(),
                "owned_by": "gateway",
            }),
        }
    }

    /// Anthropic's list with its cursors.
    fn page(&self, models: &[&Model], query: Option<&str>) -> Value {
        let place = |id: &str| models.iter().position(|model| model.id == id);
        let limit = parameter(query, "limit")
            .and_then(|limit| limit.parse::<usize>().ok())
            .map_or(PAGE, |limit| limit.clamp(1, LONGEST_PAGE));
        let after = parameter(query, "after_id").and_then(|id| place(&id));
        let before = parameter(query, "before_id").and_then(|id| place(&id));
        let (from, to, has_more) = match (after, before) {
            (_, Some(before)) => {
                let from = before.saturating_sub(limit);
                (from, before, from > 0)
            }
            (after, None) => {
                let from = after.map_or(0, |after| after + 1);
                let to = models.len().min(from.saturating_add(limit));
                (from, to, to < models.len())
            }
        };
        let shown = &models[from.min(to)..to];
        json!({
            "data": shown.iter().map(|model| self.shown(model, Surface::Messages)).collect::<Value>(),
            "has_more": has_more,
            "first_id": shown.first().map(|model| &model.id),
            "last_id": shown.last().map(|model| &model.id),
        })
    }
}

/// Whose shape a caller reads where the address does not say.
pub fn surface_of(headers: &HeaderMap) -> Surface {
    if headers.contains_key("anthropic-version") {
        Surface::Messages
    } else {
        Surface::Chat
    }
}

fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    let decoded = percent_encoding::percent_decode_str(value).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

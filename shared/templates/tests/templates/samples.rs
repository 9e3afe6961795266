//! A bilingual marketing email with shared header and footer, a text message and a call script.

use std::collections::BTreeMap;

use domain::{Locale, Medium};
use templates::{Compiled, Fields, Partials, Purpose, Renderer, Source, Texts, compile};

const HEADER: &str = r##"<mj-section background-color="#0b3d5c" padding="16px 0">
  <mj-column>
    <mj-text color="#ffffff" font-size="20px" css-class="brand">{{team_name}}</mj-text>
  </mj-column>
</mj-section>"##;

const FOOTER_EN: &str = r##"<mj-section padding="16px 0">
  <mj-column>
    <mj-divider border-width="1px" border-color="#d0d7de" />
    <mj-text font-size="12px" color="#57606a">
      {{team_name}}, {{team_postal_address}}<br />
      You receive this because you gave {{agent_name}} your address.
      <a href="{{unsubscribe_url}}" class="quiet">Unsubscribe</a>
    </mj-text>
  </mj-column>
</mj-section>"##;

const FOOTER_AR: &str = r##"<mj-section padding="16px 0">
  <mj-column>
    <mj-divider border-width="1px" border-color="#d0d7de" />
    <mj-text font-size="12px" color="#57606a">
      {{team_name}}، {{team_postal_address}}<br />
      تصلك هذه الرسالة لأنك شاركت عنوانك مع {{agent_name}}.
      <a href="{{unsubscribe_url}}" class="quiet">إلغاء الاشتراك</a>
    </mj-text>
  </mj-column>
</mj-section>"##;

const BODY_EN: &str = r##"<mjml>
  <mj-head>
    <mj-title>{{team_name}}</mj-title>
    <mj-preview>What homes sold for near you</mj-preview>
    <mj-style>.brand { letter-spacing: 1px } .quiet { color: #57606a }
      @media (max-width: 480px) { .brand { font-size: 18px } }</mj-style>
    <mj-attributes><mj-text padding="8px 24px" /></mj-attributes>
  </mj-head>
  <mj-body background-color="#f6f8fa">
    <mj-include path="header.mjml" />
    <mj-section background-color="#ffffff">
      <mj-column>
        {{!-- the sentence works without an area --}}
        <mj-text>Hi {{first_name}},</mj-text>
        <mj-text>Here is what homes {{#if area}}in {{area}}{{else}}near you{{/if}} sold for.</mj-text>
        <mj-raw>{{#if closing_date}}</mj-raw>
        <mj-text>You closed on {{date closing_date}}.</mj-text>
        <mj-raw>{{/if}}</mj-raw>
        <mj-table>
          <tr><td>Average price</td><td>AED 2.4m</td></tr>
          {{#if custom.price}}<tr><td>Yours</td><td>{{custom.price}}</td></tr>{{/if}}
        </mj-table>
        <mj-button href="https://example.com/value?to={{full_name}}">Value my home</mj-button>
        <mj-text>Call me on <a href="tel:{{agent_phone}}">{{agent_phone}}</a><br />{{agent_name}}</mj-text>
      </mj-column>
    </mj-section>
    <mj-include path="footer.mjml" />
  </mj-body>
</mjml>"##;

const BODY_AR: &str = r##"<mjml>
  <mj-head>
    <mj-preview>بكم بيعت المنازل القريبة منك</mj-preview>
  </mj-head>
  <mj-body background-color="#f6f8fa">
    <mj-include path="header.mjml" />
    <mj-section background-color="#ffffff">
      <mj-column>
        <mj-text>مرحباً {{first_name}}،</mj-text>
        <mj-text>إليك أسعار بيع المنازل {{#if area}}في {{area}}{{else}}القريبة منك{{/if}}.</mj-text>
        <mj-text>{{#if closing_date}}تاريخ الإغلاق: {{date closing_date}}{{/if}}</mj-text>
        <mj-button href="https://example.com/ar/value">قيّم منزلي</mj-button>
        <mj-text>اتصل بي على <a href="tel:{{agent_phone}}">{{agent_phone}}</a><br />{{agent_name}}</mj-text>
      </mj-column>
    </mj-section>
    <mj-include path="footer.mjml" />
  </mj-body>
</mjml>"##;

const TEXT_EN: &str = "Hi {{first_name}},\n\nHere is what homes near you sold for.\n\n\
    {{#if closing_date}}\nYou closed on {{date closing_date}}.\n{{/if}}\n\
    {{agent_name}}, {{agent_phone}}\n\n{{> footer.txt}}\n";
const TEXT_AR: &str = "مرحباً {{first_name}}،\n\nإليك أسعار بيع المنازل القريبة منك.\n\n\
    {{agent_name}}، {{agent_phone}}\n\n{{> footer.txt}}\n";
const FOOTER_TEXT_EN: &str =
    "--\n{{team_name}}, {{team_postal_address}}\nUnsubscribe: {{unsubscribe_url}}\n";
const FOOTER_TEXT_AR: &str =
    "--\n{{team_name}}، {{team_postal_address}}\nإلغاء الاشتراك: {{unsubscribe_url}}\n";

/// The shared pieces.
pub fn partials() -> Partials {
    let mut partials = Partials::new();
    partials.insert(None, "header.mjml", HEADER);
    partials.insert(Some(Locale::En), "footer.mjml", FOOTER_EN);
    partials.insert(Some(Locale::Ar), "footer.mjml", FOOTER_AR);
    partials.insert(Some(Locale::En), "footer.txt", FOOTER_TEXT_EN);
    partials.insert(Some(Locale::Ar), "footer.txt", FOOTER_TEXT_AR);
    partials
}

/// A bilingual marketing email.
pub fn email() -> Source {
    let texts = |subject: &str, mjml: &str, text: &str| Texts {
        subject: Some(subject.to_owned()),
        mjml: Some(mjml.to_owned()),
        text: Some(text.to_owned()),
        ..Texts::default()
    };
    Source {
        key: "8x8_w2_market_stats".to_owned(),
        medium: Medium::Email,
        purpose: Purpose::Marketing,
        locales: BTreeMap::from([
            (Locale::En, texts("{{first_name}}, what homes sold for", BODY_EN, TEXT_EN)),
            (Locale::Ar, texts("{{first_name}}، أسعار المنازل حولك", BODY_AR, TEXT_AR)),
        ]),
    }
}

/// An email of one English body, transactional, so that only the body is at stake.
pub fn email_of(body: &str) -> Source {
    let mjml = format!(
        "<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"
    );
    let mut source = email();
    source.purpose = Purpose::Transactional;
    source.locales.remove(&Locale::Ar);
    source.locales.get_mut(&Locale::En).unwrap().mjml = Some(mjml);
    source
}

/// A text message.
pub fn sms(en: &str, ar: &str) -> Source {
    let texts = |sms: &str| Texts { sms: Some(sms.to_owned()), ..Texts::default() };
    Source {
        key: "new_lead_hello".to_owned(),
        medium: Medium::Sms,
        purpose: Purpose::Marketing,
        locales: BTreeMap::from([(Locale::En, texts(en)), (Locale::Ar, texts(ar))]),
    }
}

/// A call script.
pub fn call() -> Source {
    let texts = |title: &str, script: &str| Texts {
        title: Some(title.to_owned()),
        script: Some(script.to_owned()),
        ..Texts::default()
    };
    Source {
        key: "8x8_w4_call_script".to_owned(),
        medium: Medium::Call,
        purpose: Purpose::Marketing,
        locales: BTreeMap::from([
            (Locale::En, texts("Call {{full_name}}", "Did the report arrive, {{first_name}}?\n")),
            (Locale::Ar, texts("اتصل بـ{{full_name}}", "هل وصلك التقرير يا {{first_name}}؟\n")),
        ]),
    }
}

pub fn compiled(source: &Source) -> Compiled {
    compile(source, &partials()).unwrap()
}

pub fn renderer(source: &Source) -> Renderer {
    Renderer::new(&compiled(source)).unwrap()
}

pub fn fields(locale: Locale) -> Fields {
    Fields::examples(locale, [])
}

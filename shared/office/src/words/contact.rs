//! What is known about a contact.

use domain::contact::{ContactStatus, Group, Level};
use domain::{AddressKind, Locale};

use super::bilingual;

bilingual! {
    /// The relationship with a person.
    group(Group) {
        GeneralPublic => "General public", "الجمهور العام";
        Target => "Target", "مستهدف";
        Met => "Met", "تم اللقاء";
        Allied => "Allied", "حليف";
        Advocate => "Advocate", "مناصر";
        CoreAdvocate => "Core advocate", "مناصر أساسي";
    }
}

bilingual! {
    /// Whether a person is looking right now.
    contact_status(ContactStatus) {
        Active => "Active", "نشط";
        Potential => "Potential", "محتمل";
    }
}

bilingual! {
    /// How likely a person is to become a client.
    level(Level) {
        A => "A (high)", "أ (مرتفع)";
        B => "B (medium)", "ب (متوسط)";
        C => "C (low)", "ج (منخفض)";
    }
}

bilingual! {
    /// The name of a language.
    language(Locale) {
        En => "English", "الإنجليزية";
        Ar => "Arabic", "العربية";
    }
}

bilingual! {
    /// What kind of address.
    address_kind(AddressKind) {
        Email => "Email address", "بريد إلكتروني";
        Phone => "Phone number", "رقم هاتف";
        Postal => "Postal address", "عنوان بريدي";
        Person => "The person", "الشخص نفسه";
    }
}

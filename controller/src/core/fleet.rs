//! The map wall: what each AP was ordered, says and was seen doing; where it stands.

//! Journeys: what a person does, through the outer seam.

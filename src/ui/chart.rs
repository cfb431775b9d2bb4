//! Bars as SVG, drawn with attributes only: the page's policy allows no style. The same numbers stand in a table beside them.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::delegation::CallerClass;
use crate::ui::when::When;
use crate::ui::words;

/// Height of the drawing, in its own units.
const HEIGHT: u64 = 80;
/// Width of one bar with its gap, in units.
const STEP: usize = 14;
/// Width of one bar, in units.
const BAR: usize = 11;

/// How many actions a caller class did, period by period.
#[derive(Clone, Debug, Template)]
#[template(path = "part/chart.html")]
pub struct Chart {
    class: CallerClass,
    bars: Vec<Bar>,
    largest: u64,
    width: usize,
}

impl HtmlSafe for Chart {}

/// The same numbers, folded away.
#[derive(Template)]
#[template(path = "part/chart_table.html")]
struct ChartTable<'a> {
    chart: &'a Chart,
}

impl HtmlSafe for ChartTable<'_> {}

#[derive(Clone, Debug)]
struct Bar {
    from: When,
    count: u64,
    x: usize,
    y: u64,
    height: u64,
}

impl Chart {
    /// The numbers as a table, to stand somewhere below the drawing.
    pub fn table(&self) -> impl HtmlSafe {
        ChartTable { chart: self }
    }

    /// One bar per period; each class has its own scale, which is printed.
    pub fn new(class: CallerClass, counts: impl IntoIterator<Item = (When, u64)>) -> Self {
        let counts: Vec<_> = counts.into_iter().collect();
        let largest = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let bars: Vec<_> = counts
            .into_iter()
            .enumerate()
            .map(|(place, (from, count))| {
                // One action is always visible, however tall its neighbours are.
                let height = if count == 0 { 0 } else { (count * HEIGHT / largest).max(2) };
                Bar { from, count, x: place * STEP, y: HEIGHT - height, height }
            })
            .collect();
        Self { class, width: bars.len().max(1) * STEP, bars, largest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::time::Timestamp;
    use crate::ui::when::Zone;

    #[test]
    fn the_tallest_bar_fills_the_drawing_and_a_single_action_shows() {
        let when = When::of(Timestamp::from_micros(0).unwrap(), Zone::UTC);
        let chart = Chart::new(CallerClass::Agent, [0, 1, 10_000].map(|count| (when.clone(), count)));
        assert_eq!(chart.bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [0, 2, HEIGHT]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert!(Chart::new(CallerClass::Human, []).to_string().contains("svg"));
    }
}

use super::title;
#[test]
fn smoke() {
    assert_eq!(title("<title> a  b</title>").as_deref(), Some("a b"));
}

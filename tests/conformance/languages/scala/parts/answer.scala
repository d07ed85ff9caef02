object Answer {
  val value = 42
}

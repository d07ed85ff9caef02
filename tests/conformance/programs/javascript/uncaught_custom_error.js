class AppError extends Error {
  constructor(message, options) { super(message, options); this.name = "AppError"; this.code = 42; }
}
try { JSON.parse("{oops"); } catch (cause) { throw new AppError("wrapped", { cause }); }

/* Options of AddressSanitizer for programs that are started without an environment. The stage keeps what it allocates
 * until it becomes another program, which is no leak. */
const char *__asan_default_options(void);

const char *__asan_default_options(void) { return "detect_leaks=0:abort_on_error=0"; }

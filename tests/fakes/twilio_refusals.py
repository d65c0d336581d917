"""What Twilio refuses, by its codes (twilio.com/docs/api/errors)."""

# Twilio's own magic numbers (twilio.com/docs/iam/test-credentials).
REFUSED = {"+15005550001": 21211, "+15005550009": 21614, "+15005550004": 21610, "+15005550002": 21612}
WORDS = {
    20003: (401, "Authenticate"),
    20429: (429, "Too Many Requests"),
    21205: (400, "Url is not a valid URL"),
    21211: (400, "The 'To' number is not a valid phone number"),
    21214: (400, "'To' phone number cannot be reached"),
    21212: (400, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (400, "The 'From' phone number is not a valid, SMS-capable number of your account"),
    21609: (400, "Invalid 'StatusCallback' URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}


class Refusal(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.status, self.words = WORDS[code]
        self.code = code

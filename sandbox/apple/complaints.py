"""What iOS reports to a web service's /v1/log, in iOS's own wording.

Invariant: each method posts exactly one line; a service can recognise each by its first words.
"""

from dataclasses import dataclass

from sandbox.apple.web_service import Address, Reply, WebService


@dataclass(frozen=True)
class Complaints:
    """One device's reports."""

    web: WebService
    device_id: str

    def task_failed(self, task: str, address: Address, error: str) -> None:
        """Report that registering or unregistering did not work."""
        self._post(
            address,
            f"{task} task (for device {self.device_id}, pass type {address.pass_type_id},"
            f" serial number {address.serial}; with web service url {address.url})"
            f" encountered error: {error}",
        )

    def list_failed(self, url: str, pass_type_id: str, tag: str | None, error: str) -> None:
        """Report that the list of changed passes could not be had."""
        self.web.log(
            url,
            pass_type_id,
            f"Get serial #s task (for device {self.device_id}, pass type {pass_type_id},"
            f" last updated {tag}; with web service url {url}) encountered error: {error}",
        )

    def fetch_failed(self, address: Address, modified: str | None, error: str) -> None:
        """Report that a pass could not be had, or was no good."""
        self._post(
            address,
            f"Get pass task (pass type {address.pass_type_id}, serial number {address.serial},"
            f" if-modified-since {modified}; with web service url {address.url})"
            f" encountered error: {error}",
        )

    def tag_missing(self, url: str, pass_type_id: str, count: int) -> None:
        """Report a list without lastUpdated."""
        self.web.log(
            url,
            pass_type_id,
            f"Response to 'What changed?' request included {count} serial numbers"
            " but omitted a lastUpdated tag.",
        )

    def tag_stuck(self, url: str, pass_type_id: str, count: int, tag: str | None) -> None:
        """Report a list whose lastUpdated is what we had."""
        self.web.log(
            url,
            pass_type_id,
            f"Response to 'What changed?' request included {count} serial numbers"
            f" but the lastUpdated tag ({tag}) remained the same.",
        )

    def push_spurious(self, url: str, pass_type_id: str, tag: str | None) -> None:
        """Report a push after which nothing had changed."""
        self.web.log(
            url,
            pass_type_id,
            f"Device received spurious push. Request for passesUpdatedSince '{tag}' returned no"
            f" serial numbers. (Device = {self.device_id})",
        )

    def serial_unknown(self, url: str, pass_type_id: str, serial: str) -> None:
        """Report a serial number in the list that this device has no pass for."""
        message = f"Update requested for unregistered serial number {serial}"
        self.web.log(url, pass_type_id, message)

    def modified_missing(self, address: Address) -> None:
        """Report a pass without Last-Modified."""
        self._post(
            address,
            f"Server returned the pass data for serial number '{address.serial}'"
            " but did not provide a 'last-modified' header.",
        )

    def modified_ignored(self, address: Address, modified: str) -> None:
        """Report a whole pass where 304 was due."""
        self._post(
            address,
            f"Server ignored the 'if-modified-since' header ({modified}) and returned the full"
            f" unchanged pass data for serial number '{address.serial}'.",
        )

    def update_needless(self, address: Address) -> None:
        """Report that a listed pass turned out to be unchanged."""
        self._post(
            address,
            f"Server requested update to serial number '{address.serial}',"
            " but the pass was unchanged.",
        )

    def _post(self, address: Address, message: str) -> None:
        self.web.log(address.url, address.pass_type_id, message)


def error_of(reply: Reply) -> str:
    """Name an unwanted answer in iOS's words."""
    if reply.status == 401:
        return "Authentication failure"
    return f"Unexpected response code {reply.status}"

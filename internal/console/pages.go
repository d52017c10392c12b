package console

import "github.com/rosterhq/roster/internal/directory"

// pages are the pages of the console. Those with a menu key are in the menu, in this order.
var pages = []page{
	homePage,
	switcherPage,
	overviewPage,
	usersPage,
	importPage,
	userPage,
	removeUserPage,
	invitationsPage,
	rolesPage,
	rolePage,
	groupsPage,
	groupPage,
	appsPage,
	appPage,
	tokensPage,
	newTokenPage,
	tokenPage,
	webhooksPage,
	webhookPage,
	auditPage,
	entryPage,
	signInPage,
	issuerPage,
	domainPage,
	syncPage,
	settingsPage,
	profilePage,
}

// gates are the operations whose controls pages leave out for who is not allowed them.
var gates = []directory.Operation{
	directory.OpCreateUser, directory.OpCreateOrg, directory.OpUpdateUserRole, directory.OpRemoveUser, directory.OpResendInvitation,
	directory.OpListUsers, directory.OpGetUserAccess, directory.OpListEntries, directory.OpListAPITokens, directory.OpListRoles,
	directory.OpCreateRole, directory.OpUpdateRole, directory.OpDeleteRole, directory.OpCreateGroup, directory.OpUpdateGroup,
	directory.OpDeleteGroup, directory.OpUpdateGroupMembers, directory.OpCreateAPIToken, directory.OpDeleteAPIToken, directory.OpRegenerateAPIToken,
	directory.OpUpdateUserStatus, directory.OpListMemberSessions, directory.OpCreateInvitationLink, directory.OpCreateWebhook,
	directory.OpUpdateWebhook, directory.OpListGroups, directory.OpCreateApplication, directory.OpUpdateApplication, directory.OpDeleteApplication,
	directory.OpCreateAppCredential, directory.OpListSchedules, directory.OpUpdateSchedule, directory.OpUpdateTemporaryRole,
}
